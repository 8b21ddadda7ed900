//! The columns that tables of listings have: what they are called, for which kinds, and what goes into them.

use duikou_proto::language::Text;

use crate::typed::labels::{self, Label};

/// A kind of listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 资金
    Capital,
    /// 项目
    Project,
    /// 技术
    Technology,
    /// 人才
    Talent,
    /// 活动
    Event,
}

impl Kind {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Capital, Self::Project, Self::Technology, Self::Talent, Self::Event];

    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capital => "capital",
            Self::Project => "project",
            Self::Technology => "technology",
            Self::Talent => "talent",
            Self::Event => "event",
        }
    }

    /// In Chinese: what its sheet is called.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Capital => "资金",
            Self::Project => "项目",
            Self::Technology => "技术",
            Self::Talent => "人才",
            Self::Event => "活动",
        }
    }

    /// By either name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text) || kind.zh() == text)
    }
}

/// What a column holds.
#[expect(missing_docs, reason = "the table below says what each is")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Id,
    Title,
    Direction,
    Summary,
    Body,
    Language,
    Regions,
    Industries,
    Tags,
    Audience,
    Expire,
    Office,
    Person,
    Email,
    Phone,
    Address,
    Links,
    ProjectCode,
    CreditCode,
    Rest,
    Instrument,
    Amount,
    Stages,
    Conditions,
    CooperationModes,
    Investment,
    TotalInvestment,
    Phase,
    LandTerms,
    PolicyTerms,
    Maturity,
    IpStatus,
    Patents,
    TransferModes,
    Budget,
    SupplyType,
    Occupation,
    Headcount,
    Wage,
    Training,
    Age,
    Available,
    Start,
    End,
    TimeZone,
    Venue,
    OnlineUrl,
    Deadline,
    Capacity,
}

/// What is known of a field.
#[derive(Debug)]
pub struct Info {
    /// Which.
    pub field: Field,
    /// Its name in mappings and on the command line.
    pub id: &'static str,
    /// Kinds that have it; empty: all.
    kinds: &'static [Kind],
    /// The header in Chinese: that of templates and exports.
    pub zh: &'static str,
    /// The header in English.
    pub en: &'static str,
    /// What else columns are called.
    pub synonyms: &'static [&'static str],
    /// Paths of the contract whose violations belong to it, or begin there.
    pub paths: &'static [&'static str],
    /// What to write.
    pub help: (&'static str, &'static str),
    /// An example of it.
    pub example: &'static str,
    /// The values of a choice.
    pub labels: &'static [Label],
    /// It is in templates and exports; the others are read only, and go into the body.
    pub written: bool,
}

impl Info {
    /// Whether listings of a kind have it.
    pub fn is_of(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether only some kinds have it.
    pub fn is_particular(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Its header for people.
    pub fn name(&self) -> Text {
        Text::new(self.zh, self.en)
    }
}

impl Field {
    /// What is known of it.
    pub fn info(self) -> &'static Info {
        // Every field is in the table; a test goes through both.
        FIELDS.iter().find(|info| info.field == self).unwrap_or(&FIELDS[0])
    }

    /// By the name in mappings, or by a header of the template.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        FIELDS
            .iter()
            .find(|info| info.id == text || info.zh == text || info.en.eq_ignore_ascii_case(text))
            .map(|info| info.field)
    }
}

const NONE: &[Label] = &[];
const EVERY: &[Kind] = &[];

#[expect(clippy::too_many_arguments, reason = "rows of the table below")]
const fn field(
    field: Field,
    id: &'static str,
    kinds: &'static [Kind],
    names: (&'static str, &'static str),
    synonyms: &'static [&'static str],
    paths: &'static [&'static str],
    help: (&'static str, &'static str),
    example: &'static str,
) -> Info {
    let (zh, en) = names;
    Info { field, id, kinds, zh, en, synonyms, paths, help, example, labels: NONE, written: true }
}

const fn chosen(info: Info, labels: &'static [Label]) -> Info {
    Info { labels, ..info }
}

/// One that goes into the body.
const fn told(info: Info) -> Info {
    Info { written: false, ..info }
}

const CAPITAL: &[Kind] = &[Kind::Capital];
const PROJECT: &[Kind] = &[Kind::Project];
const TECHNOLOGY: &[Kind] = &[Kind::Technology];
const TALENT: &[Kind] = &[Kind::Talent];
const EVENT: &[Kind] = &[Kind::Event];

use Field as F;

/// Every field, in the order of the columns of templates and exports.
pub static FIELDS: &[Info] = &[
    field(
        F::Id,
        "id",
        EVERY,
        ("编号", "Id"),
        &["信息编号", "标识"],
        &["name", "listing_id", "parent"],
        (
            "小写字母、数字和-，同一编号再次导入即更新；可留空",
            "a-z, 0-9 and -; the same id again is an update; may be empty",
        ),
        "",
    ),
    field(
        F::Title,
        "title",
        EVERY,
        ("标题", "Title"),
        &[
            "名称",
            "项目名称",
            "需求名称",
            "技术需求名称",
            "成果名称",
            "技术名称",
            "活动名称",
            "信息标题",
            "招聘名称",
            "资金名称",
            "产品名称",
            "供给名称",
        ],
        &["listing.title"],
        ("必填，不超过120字", "required, at most 120 characters"),
        "毕节市可输送缝纫机操作工",
    ),
    chosen(
        field(
            F::Direction,
            "direction",
            EVERY,
            ("方向", "Direction"),
            &["供需方向", "供需", "供需类型"],
            &["listing.direction"],
            ("必填：供给或需求", "required: offer or request"),
            "供给",
        ),
        labels::DIRECTIONS,
    ),
    field(
        F::Regions,
        "regions",
        EVERY,
        ("地区", "Regions"),
        &[
            "输出县区",
            "输出地区",
            "所在县区",
            "所在地区",
            "所属地区",
            "建设地点",
            "项目地点",
            "县区",
            "区县",
            "区域",
            "所在地",
            "工作地点",
            "用工地区",
            "举办地区",
        ],
        &["listing.regions"],
        ("必填：名称或行政区划代码，多个用；分开", "required: names or codes, separated by ；"),
        "贵州省毕节市七星关区",
    ),
    field(
        F::Industries,
        "industries",
        EVERY,
        ("行业", "Industries"),
        &["所属行业", "行业类别", "国民经济行业", "产业类别", "所属产业"],
        &["listing.industries"],
        ("国民经济行业名称或代码，多个用；分开", "names or codes of GB/T 4754, separated by ；"),
        "18 纺织服装、服饰业",
    ),
    chosen(
        field(
            F::Instrument,
            "instrument",
            CAPITAL,
            ("资金方式", "Instrument"),
            &["融资方式", "投资方式", "资金类型", "产品类型"],
            &["listing.capital.instrument"],
            ("必填", "required"),
            "股权",
        ),
        labels::INSTRUMENTS,
    ),
    field(
        F::Amount,
        "amount",
        CAPITAL,
        ("金额", "Amount"),
        &["资金规模", "融资金额", "融资额度", "额度", "投资金额", "贷款额度", "可投金额", "融资需求金额"],
        &["listing.capital.amount_min", "listing.capital.amount_max"],
        ("如 500万元、1000-3000万元、5000万元以上", "for example 500万元, 1000-3000万元"),
        "1000-3000万元",
    ),
    chosen(
        field(
            F::Stages,
            "stages",
            CAPITAL,
            ("适用阶段", "Stages"),
            &["投资阶段", "企业阶段"],
            &["listing.capital.stages"],
            ("可多选，用；分开", "several are separated by ；"),
            "成长期",
        ),
        labels::STAGES,
    ),
    field(
        F::Conditions,
        "conditions",
        CAPITAL,
        ("条件", "Conditions"),
        &["申请条件", "准入条件", "要求"],
        &["listing.capital.conditions"],
        ("", ""),
        "",
    ),
    chosen(
        field(
            F::CooperationModes,
            "cooperation_modes",
            PROJECT,
            ("合作方式", "Cooperation"),
            &["合作模式", "招商方式"],
            &["listing.project.cooperation_modes"],
            ("可多选，用；分开", "several are separated by ；"),
            "合资",
        ),
        labels::COOPERATION_MODES,
    ),
    field(
        F::Investment,
        "investment",
        PROJECT,
        ("引资金额", "Investment"),
        &["拟引资金额", "拟引进资金", "拟引资", "引资规模", "投资金额", "招商引资金额"],
        &["listing.project.investment_min", "listing.project.investment_max"],
        ("如 8000万元、1.5-2亿元", "for example 8000万元, 1.5-2亿元"),
        "8000万元",
    ),
    told(field(
        F::TotalInvestment,
        "total_investment",
        PROJECT,
        ("总投资", "Total investment"),
        &["总投资额", "投资总额", "项目总投资", "投资规模", "计划总投资"],
        &[],
        ("如 1.2亿元", "for example 1.2亿元"),
        "1.2亿元",
    )),
    chosen(
        field(
            F::Phase,
            "phase",
            PROJECT,
            ("项目进展", "Phase"),
            &["进展", "项目阶段", "建设阶段", "前期进展", "进度"],
            &["listing.project.phase"],
            ("", ""),
            "已立项",
        ),
        labels::PHASES,
    ),
    field(
        F::LandTerms,
        "land_terms",
        PROJECT,
        ("用地", "Land"),
        &["用地面积", "用地条件", "占地面积", "土地"],
        &["listing.project.land_terms"],
        ("", ""),
        "80亩",
    ),
    field(
        F::PolicyTerms,
        "policy_terms",
        PROJECT,
        ("优惠政策", "Policy"),
        &["政策", "支持政策", "扶持政策"],
        &["listing.project.policy_terms"],
        ("", ""),
        "",
    ),
    field(
        F::Maturity,
        "maturity",
        TECHNOLOGY,
        ("成熟度", "TRL"),
        &["期望成熟度", "技术成熟度", "成熟度等级", "trl等级"],
        &["listing.technology.maturity_trl"],
        ("技术成熟度等级1至9", "readiness level, 1 to 9"),
        "7",
    ),
    chosen(
        field(
            F::IpStatus,
            "ip_status",
            TECHNOLOGY,
            ("知识产权", "IP"),
            &["知识产权状态", "专利状态"],
            &["listing.technology.ip_status"],
            ("", ""),
            "已授权专利",
        ),
        labels::IP_STATUSES,
    ),
    field(
        F::Patents,
        "patents",
        TECHNOLOGY,
        ("专利号", "Patents"),
        &["专利号码", "专利"],
        &["listing.technology.patent_numbers"],
        ("多个用；分开", "several are separated by ；"),
        "",
    ),
    chosen(
        field(
            F::TransferModes,
            "transfer_modes",
            TECHNOLOGY,
            ("转化方式", "Transfer"),
            &["合作方式", "转让方式", "合作模式", "技术合作方式"],
            &["listing.technology.transfer_modes"],
            ("可多选，用；分开", "several are separated by ；"),
            "联合开发",
        ),
        labels::TRANSFER_MODES,
    ),
    told(field(
        F::Budget,
        "budget",
        TECHNOLOGY,
        ("预算", "Budget"),
        &["预算金额", "经费预算", "报价", "意向价格", "投入预算"],
        &[],
        ("如 120万元", "for example 120万元"),
        "120万元",
    )),
    chosen(
        field(
            F::SupplyType,
            "supply_type",
            TALENT,
            ("人才类型", "Supply type"),
            &["供给类型", "人才供需类型"],
            &["listing.talent.supply_type"],
            ("必填", "required"),
            "劳务输出",
        ),
        labels::SUPPLY_TYPES,
    ),
    field(
        F::Occupation,
        "occupation",
        TALENT,
        ("工种", "Occupation"),
        &["岗位", "岗位名称", "职业", "招聘岗位", "工种岗位", "职位"],
        &["listing.talent.occupation_code", "listing.talent.occupation_name"],
        ("必填：名称，或 ISCO-08 代码和名称", "required: a name, or a code of ISCO-08 and a name"),
        "缝纫机操作工",
    ),
    field(
        F::Headcount,
        "headcount",
        TALENT,
        ("人数", "Headcount"),
        &["可输送人数", "招聘人数", "需求人数", "用工人数", "招工人数", "培训人数", "输送人数"],
        &["listing.talent.headcount"],
        ("必填：整数", "required: a whole number"),
        "80",
    ),
    field(
        F::Wage,
        "wage",
        TALENT,
        ("薪酬", "Wage"),
        &["期望工资", "工资", "薪资", "工资待遇", "薪资待遇", "待遇", "月薪", "期望薪资"],
        &["listing.talent.wage_min", "listing.talent.wage_max", "listing.talent.wage_period"],
        ("如 4500-6000元/月、年薪12万元、日结220元", "for example 4500-6000元/月"),
        "4500-6000元/月",
    ),
    field(
        F::Training,
        "training",
        TALENT,
        ("培训", "Training"),
        &["培训及证书", "培训情况", "培训与证书"],
        &["listing.talent.training"],
        ("", ""),
        "",
    ),
    told(field(F::Age, "age", TALENT, ("年龄范围", "Age"), &["年龄", "年龄要求"], &[], ("", ""), "")),
    told(field(
        F::Available,
        "available",
        TALENT,
        ("可到岗时间", "Available"),
        &["到岗时间", "可到岗日期", "到岗日期"],
        &[],
        ("如 2027-03-05", "for example 2027-03-05"),
        "",
    )),
    field(
        F::Start,
        "start",
        EVENT,
        ("开始时间", "Start"),
        &["活动时间", "举办时间", "开始日期", "开始"],
        &["listing.event.start_time"],
        ("必填，如 2027-03-05 09:00", "required, for example 2027-03-05 09:00"),
        "2027-03-05 09:00",
    ),
    field(
        F::End,
        "end",
        EVENT,
        ("结束时间", "End"),
        &["结束日期", "结束"],
        &["listing.event.end_time"],
        ("必填，如 2027-03-06 17:00", "required, for example 2027-03-06 17:00"),
        "2027-03-06 17:00",
    ),
    field(
        F::TimeZone,
        "time_zone",
        EVENT,
        ("时区", "Time zone"),
        &[],
        &["listing.event.time_zone"],
        ("不填为 Asia/Shanghai", "Asia/Shanghai where it is empty"),
        "",
    ),
    field(
        F::Venue,
        "venue",
        EVENT,
        ("地点", "Venue"),
        &["活动地点", "举办地点", "会场"],
        &["listing.event.venue"],
        ("线下活动必填", "required unless it is online"),
        "深圳市福田区会展馆",
    ),
    field(
        F::OnlineUrl,
        "online_url",
        EVENT,
        ("线上链接", "Online"),
        &["直播链接", "线上地址", "会议链接", "线上网址"],
        &["listing.event.online_url"],
        ("以 https:// 开头", "begins with https://"),
        "",
    ),
    field(
        F::Deadline,
        "deadline",
        EVENT,
        ("报名截止", "Registration deadline"),
        &["报名截止时间", "报名截止日期", "报名时间"],
        &["listing.event.registration_deadline"],
        ("不晚于开始时间", "not after the start"),
        "2027-02-28",
    ),
    field(
        F::Capacity,
        "capacity",
        EVENT,
        ("规模", "Capacity"),
        &["人数规模", "活动规模", "参会人数", "名额", "预计人数"],
        &["listing.event.capacity"],
        ("人数，不限请留空", "people; empty where it is not limited"),
        "300",
    ),
    field(
        F::Audience,
        "audience",
        EVERY,
        ("可见范围", "Audience"),
        &["面向对象", "公开范围", "发布范围", "受众"],
        &["scopes"],
        (
            "公开、注册企业、网络成员、circle:圈子、member:成员，多个用；分开；依申请则不发出本节点",
            "公开, 注册企业, 网络成员, circle:NAME, member:ID, separated by ；; 依申请 stays on this node",
        ),
        "网络成员",
    ),
    field(
        F::Expire,
        "expire",
        EVERY,
        ("有效期至", "Valid until"),
        &["截止日期", "失效日期", "失效时间", "有效期", "截止时间", "需求截止日期"],
        &["expire_time"],
        ("如 2027-06-30；不填为6个月，活动为结束次日", "for example 2027-06-30; 6 months where it is empty"),
        "",
    ),
    field(
        F::Summary,
        "summary",
        EVERY,
        ("摘要", "Summary"),
        &["概要"],
        &["listing.summary"],
        ("不超过500字", "at most 500 characters"),
        "",
    ),
    field(
        F::Body,
        "body",
        EVERY,
        ("正文", "Body"),
        &[
            "需求说明",
            "项目简介",
            "项目内容",
            "详细说明",
            "说明",
            "简介",
            "内容",
            "建设内容",
            "技术简介",
            "活动内容",
            "详情",
        ],
        &["listing.body", "listing"],
        ("Markdown，不超过20000字", "Markdown, at most 20,000 characters"),
        "",
    ),
    field(
        F::Tags,
        "tags",
        EVERY,
        ("标签", "Tags"),
        &["关键词"],
        &["listing.tags"],
        ("多个用；分开", "several are separated by ；"),
        "",
    ),
    field(
        F::Language,
        "language",
        EVERY,
        ("语言", "Language"),
        &["文字"],
        &["listing.language"],
        ("zh-CN、en 等，中文可留空", "zh-CN, en …"),
        "",
    ),
    field(
        F::Office,
        "office",
        EVERY,
        ("联系单位", "Office"),
        &["联系部门", "主办单位", "单位", "填报单位", "责任单位", "单位名称"],
        &["listing.contact.office", "listing.contact"],
        ("", ""),
        "七星关区劳务协作站",
    ),
    field(
        F::Person,
        "person",
        EVERY,
        ("联系人", "Contact person"),
        &["联系人姓名"],
        &["listing.contact.person"],
        ("", ""),
        "",
    ),
    field(
        F::Email,
        "email",
        EVERY,
        ("联系邮箱", "Email"),
        &["邮箱", "电子邮箱", "电子邮件", "e-mail"],
        &["listing.contact.email"],
        ("", ""),
        "labor@bijie.example",
    ),
    field(
        F::Phone,
        "phone",
        EVERY,
        ("联系电话", "Phone"),
        &["电话", "手机", "联系方式", "手机号", "电话号码"],
        &["listing.contact.phone"],
        ("请把该列设为文本", "set the column to text"),
        "",
    ),
    field(
        F::Address,
        "address",
        EVERY,
        ("联系地址", "Address"),
        &["地址", "通讯地址"],
        &["listing.contact.address"],
        ("", ""),
        "",
    ),
    field(
        F::Links,
        "links",
        EVERY,
        ("链接", "Links"),
        &["网址", "相关链接", "网页"],
        &["listing.links"],
        ("每行一个：标题和网址", "one a line: title and address"),
        "",
    ),
    field(
        F::ProjectCode,
        "project_code",
        EVERY,
        ("统一项目代码", "Project code"),
        &["项目代码", "投资项目统一代码"],
        &[],
        ("2401-440300-04-01-123456", "2401-440300-04-01-123456"),
        "",
    ),
    field(
        F::CreditCode,
        "credit_code",
        EVERY,
        ("统一社会信用代码", "Credit code"),
        &["信用代码", "社会信用代码"],
        &["listing.external_codes"],
        ("18位", "18 characters"),
        "",
    ),
    field(
        F::Rest,
        "rest",
        EVERY,
        ("附件数据（请勿改动）", "Rest (do not change)"),
        &[],
        &["listing.attachments"],
        ("附件等表格放不下的内容", "attachments and what else does not fit into cells"),
        "",
    ),
];

/// Headers that say more than what is in their column: direction and type of supply, numbers of the contract.
pub(super) static IMPLIED: &[(&str, Implied)] = &[
    ("可输送人数", Implied { direction: OFFER, supply: POOL }),
    ("输出县区", Implied { direction: OFFER, supply: POOL }),
    ("输出地区", Implied { direction: OFFER, supply: POOL }),
    ("输送人数", Implied { direction: OFFER, supply: POOL }),
    ("招聘人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("招聘岗位", Implied { direction: REQUEST, supply: VACANCY }),
    ("招工人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("用工人数", Implied { direction: REQUEST, supply: VACANCY }),
    ("用工地区", Implied { direction: REQUEST, supply: VACANCY }),
    ("需求名称", Implied { direction: REQUEST, supply: 0 }),
    ("技术需求名称", Implied { direction: REQUEST, supply: 0 }),
    ("成果名称", Implied { direction: OFFER, supply: 0 }),
    ("供给名称", Implied { direction: OFFER, supply: 0 }),
    ("拟引资金额", Implied { direction: REQUEST, supply: 0 }),
    ("拟引进资金", Implied { direction: REQUEST, supply: 0 }),
    ("拟引资", Implied { direction: REQUEST, supply: 0 }),
    ("引资规模", Implied { direction: REQUEST, supply: 0 }),
    ("融资金额", Implied { direction: REQUEST, supply: 0 }),
    ("融资额度", Implied { direction: REQUEST, supply: 0 }),
    ("可投金额", Implied { direction: OFFER, supply: 0 }),
    ("贷款额度", Implied { direction: OFFER, supply: 0 }),
    ("主办单位", Implied { direction: OFFER, supply: 0 }),
];

/// What a header implies; 0 where it implies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Implied {
    pub(super) direction: i32,
    pub(super) supply: i32,
}

const OFFER: i32 = duikou_proto::v1::opportunity::Direction::Offer as i32;
const REQUEST: i32 = duikou_proto::v1::opportunity::Direction::Request as i32;
const POOL: i32 = duikou_proto::v1::talent::SupplyType::LabourPool as i32;
const VACANCY: i32 = duikou_proto::v1::talent::SupplyType::Vacancy as i32;

/// The field to which a violation of the contract belongs: the one with the longest path that fits.
pub(super) fn of_path(path: &str, kind: Kind) -> Option<Field> {
    let fits =
        |known: &str| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let mut best: Option<(usize, Field)> = None;
    for info in FIELDS.iter().filter(|info| info.is_of(kind)) {
        for known in info.paths.iter().filter(|known| fits(known)) {
            if best.is_none_or(|(length, _)| known.len() > length) {
                best = Some((known.len(), info.field));
            }
        }
    }
    best.map(|(_, field)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_of_a_kind_means_two_fields() {
        for kind in Kind::ALL {
            let mut names: Vec<String> = FIELDS
                .iter()
                .filter(|info| info.is_of(kind))
                .flat_map(|info| info.synonyms.iter().copied().chain([info.id, info.zh, info.en]))
                .map(super::super::header::squeezed)
                .collect();
            names.sort();
            let twice: Vec<&[String]> =
                names.windows(2).filter(|pair| pair[0] == pair[1] && pair[0].chars().any(|c| c > '\u{7f}')).collect();
            assert!(twice.is_empty(), "{kind:?}: {twice:?}");
        }
    }

    #[test]
    fn every_field_is_in_the_table_once_and_found_by_its_names() {
        for (index, info) in FIELDS.iter().enumerate() {
            assert_eq!(FIELDS.iter().position(|other| other.field == info.field), Some(index));
            assert_eq!(Field::parse(info.id), Some(info.field));
            assert_eq!(info.field.info().id, info.id);
        }
        assert_eq!(of_path("listing.talent.wage_min.currency_code", Kind::Talent), Some(Field::Wage));
        assert_eq!(of_path("listing.regions[2]", Kind::Event), Some(Field::Regions));
        assert_eq!(of_path("listing.contact.email", Kind::Event), Some(Field::Email));
        assert_eq!(of_path("unheard", Kind::Event), None);
    }
}

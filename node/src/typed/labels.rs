//! What the values of the contract's choices are called in both languages, and what else people call them.

use duikou_proto::v1::capital::{Instrument, Stage};
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::project::{CooperationMode, Phase};
use duikou_proto::v1::talent::{SupplyType, WagePeriod};
use duikou_proto::v1::technology::{IpStatus, TransferMode};

/// One value of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// The number in the contract.
    pub value: i32,
    /// The name in the contract: `JOINT_VENTURE`.
    pub name: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// What else people write.
    pub synonyms: &'static [&'static str],
}

const fn label(
    value: i32,
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    synonyms: &'static [&'static str],
) -> Label {
    Label { value, name, zh, en, synonyms }
}

/// The label of a value; None where this version does not know it, or it is zero.
pub fn of(table: &'static [Label], value: i32) -> Option<&'static Label> {
    table.iter().find(|label| label.value == value)
}

/// Whether the origin has it or looks for it.
pub const DIRECTIONS: &[Label] = &[
    label(Direction::Offer as i32, "OFFER", "供给", "offer", &["供", "提供", "供应", "供方", "输出", "出让"]),
    label(Direction::Request as i32, "REQUEST", "需求", "request", &["需", "求", "需方", "征集", "引进", "寻求"]),
];

/// How capital is given.
pub const INSTRUMENTS: &[Label] = &[
    label(Instrument::Equity as i32, "EQUITY", "股权", "equity", &["股权投资", "股权融资", "入股"]),
    label(Instrument::Debt as i32, "DEBT", "债权", "debt", &["贷款", "债权融资", "借款", "银行贷款"]),
    label(Instrument::Fund as i32, "FUND", "基金", "fund", &["产业基金", "投资基金"]),
    label(Instrument::Guarantee as i32, "GUARANTEE", "担保", "guarantee", &["融资担保"]),
    label(Instrument::Leasing as i32, "LEASING", "融资租赁", "leasing", &["租赁"]),
    label(Instrument::SubsidisedLoan as i32, "SUBSIDISED_LOAN", "贴息贷款", "subsidised loan", &["贴息"]),
    label(Instrument::Grant as i32, "GRANT", "资助", "grant", &["补助", "无偿资助", "补贴"]),
];

/// The stage of those who get capital.
pub const STAGES: &[Label] = &[
    label(Stage::Seed as i32, "SEED", "种子期", "seed", &["种子", "种子轮"]),
    label(Stage::Angel as i32, "ANGEL", "天使期", "angel", &["天使", "天使轮"]),
    label(Stage::Early as i32, "EARLY", "早期", "early", &["初创期", "初创"]),
    label(Stage::Growth as i32, "GROWTH", "成长期", "growth", &["成长"]),
    label(Stage::Mature as i32, "MATURE", "成熟期", "mature", &["成熟"]),
    label(Stage::Any as i32, "ANY", "不限", "any", &["均可", "各阶段"]),
];

/// How the partners of a project work together.
pub const COOPERATION_MODES: &[Label] = &[
    label(CooperationMode::SoleInvestment as i32, "SOLE_INVESTMENT", "独资", "sole investment", &["独资经营"]),
    label(CooperationMode::JointVenture as i32, "JOINT_VENTURE", "合资", "joint venture", &["合资经营", "合股"]),
    label(CooperationMode::Cooperation as i32, "COOPERATION", "合作", "cooperation", &["合作经营", "合作开发"]),
    label(CooperationMode::Ppp as i32, "PPP", "PPP", "public-private partnership", &["政府和社会资本合作"]),
    label(CooperationMode::Epc as i32, "EPC", "EPC", "EPC", &["工程总承包", "总承包"]),
    label(CooperationMode::Lease as i32, "LEASE", "租赁", "lease", &["租用", "出租"]),
    label(CooperationMode::Consignment as i32, "CONSIGNMENT", "来料加工", "consignment", &["委托加工", "代工"]),
    label(
        CooperationMode::IndustryTransfer as i32,
        "INDUSTRY_TRANSFER",
        "产业转移",
        "industry transfer",
        &["产业承接"],
    ),
    label(CooperationMode::Acquisition as i32, "ACQUISITION", "并购", "acquisition", &["收购", "兼并"]),
];

/// How far a project is.
pub const PHASES: &[Label] = &[
    label(Phase::Planning as i32, "PLANNING", "前期谋划", "planning", &["谋划中", "谋划", "规划", "前期", "策划"]),
    label(Phase::Feasibility as i32, "FEASIBILITY", "可研", "feasibility study", &["可行性研究", "可研阶段"]),
    label(Phase::Approved as i32, "APPROVED", "已立项", "approved", &["立项", "已批复", "已备案"]),
    label(Phase::LandReady as i32, "LAND_READY", "土地就绪", "land ready", &["土地已就绪", "已供地", "净地"]),
    label(Phase::UnderConstruction as i32, "UNDER_CONSTRUCTION", "在建", "under construction", &["建设中", "已开工"]),
    label(
        Phase::OperatingExpansion as i32,
        "OPERATING_EXPANSION",
        "投产扩建",
        "operating, expanding",
        &["扩建", "已投产", "投产", "运营扩建"],
    ),
];

/// By what title a technology is owned.
pub const IP_STATUSES: &[Label] = &[
    label(IpStatus::None as i32, "NONE", "无知识产权", "none", &["无专利"]),
    label(IpStatus::PatentPending as i32, "PATENT_PENDING", "专利申请中", "patent pending", &["申请中", "已受理"]),
    label(
        IpStatus::PatentGranted as i32,
        "PATENT_GRANTED",
        "已授权专利",
        "patent granted",
        &["已授权", "授权专利", "专利"],
    ),
    label(IpStatus::SoftwareCopyright as i32, "SOFTWARE_COPYRIGHT", "软件著作权", "software copyright", &["软著"]),
    label(IpStatus::KnowHow as i32, "KNOW_HOW", "技术秘密", "know-how", &["专有技术", "商业秘密"]),
];

/// How a technology changes hands.
pub const TRANSFER_MODES: &[Label] = &[
    label(TransferMode::Assignment as i32, "ASSIGNMENT", "转让", "assignment", &["技术转让", "专利转让"]),
    label(TransferMode::Licence as i32, "LICENCE", "许可", "licence", &["技术许可", "专利许可", "授权许可"]),
    label(
        TransferMode::JointDevelopment as i32,
        "JOINT_DEVELOPMENT",
        "联合开发",
        "joint development",
        &["合作开发", "联合研发", "合作研发"],
    ),
    label(
        TransferMode::CommissionedDevelopment as i32,
        "COMMISSIONED_DEVELOPMENT",
        "委托开发",
        "commissioned development",
        &["委托研发", "技术开发"],
    ),
    label(TransferMode::Consulting as i32, "CONSULTING", "咨询服务", "consulting", &["技术咨询", "技术服务", "咨询"]),
    label(
        TransferMode::EquityContribution as i32,
        "EQUITY_CONTRIBUTION",
        "作价入股",
        "equity contribution",
        &["技术入股", "入股"],
    ),
];

/// What kind of supply or demand of people.
pub const SUPPLY_TYPES: &[Label] = &[
    label(SupplyType::LabourPool as i32, "LABOUR_POOL", "劳务输出", "labour pool", &["劳务", "劳动力", "劳务供给"]),
    label(SupplyType::Vacancy as i32, "VACANCY", "岗位", "vacancy", &["招聘", "用工", "岗位需求", "用工需求"]),
    label(SupplyType::Training as i32, "TRAINING", "培训", "training", &["技能培训"]),
    label(SupplyType::Exchange as i32, "EXCHANGE", "交流", "exchange", &["人才交流", "挂职", "支援"]),
];

/// What a wage counts for.
pub const WAGE_PERIODS: &[Label] = &[
    label(WagePeriod::Hour as i32, "HOUR", "每小时", "hour", &["时薪"]),
    label(WagePeriod::Day as i32, "DAY", "每日", "day", &["日薪"]),
    label(WagePeriod::Month as i32, "MONTH", "每月", "month", &["月薪"]),
    label(WagePeriod::Year as i32, "YEAR", "每年", "year", &["年薪"]),
];

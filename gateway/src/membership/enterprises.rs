//! Registered readers: who may see what is `registered`. They are no part of the directory; this gateway alone knows them.

use duikou_node::audit::Actor;
use duikou_node::engine::{Engine, Enterprise as Kept, EnterpriseState, Registration};
use duikou_proto::federation::enterprise::State;
use duikou_proto::federation::enterprise_service_server::EnterpriseService;
use duikou_proto::federation::{
    CreateEnterpriseRequest, Enterprise, ListEnterprisesRequest, ListEnterprisesResponse, RemoveEnterpriseRequest,
    RemoveEnterpriseResponse, ResumeEnterpriseRequest, SuspendEnterpriseRequest,
};
use duikou_proto::name::is_label;
use duikou_proto::validate::{is_credit_code, is_email};
use prost_types::Timestamp;
use tonic::{Code, Request, Response, Status};

use super::{reason, refuse, unread, unwritten};

const NAME_CHARACTERS: usize = 120;
const CONTACT_CHARACTERS: usize = 254;

/// The service of registered readers.
pub struct Enterprises(pub Engine);

fn invalid(reason: &'static str, zh: &str, en: &str) -> Status {
    refuse(Code::InvalidArgument, reason, zh, en)
}

fn absent(name: &str) -> Status {
    let name: String = name.chars().take(NAME_CHARACTERS).collect();
    refuse(
        Code::NotFound,
        "NO_SUCH_ENTERPRISE",
        format!("没有注册企业 {name}"),
        format!("there is no enterprise {name}"),
    )
}

fn id_of(name: &str) -> Result<&str, Status> {
    name.strip_prefix("enterprises/").filter(|id| is_label(id)).ok_or_else(|| absent(name))
}

fn shown(kept: Kept) -> Enterprise {
    let state = match kept.state {
        EnterpriseState::Active => State::Active,
        EnterpriseState::Suspended => State::Suspended,
    };
    let (seconds, nanos) = (kept.create_time.div_euclid(1_000_000), kept.create_time.rem_euclid(1_000_000) * 1000);
    Enterprise {
        name: format!("enterprises/{}", kept.id),
        name_zh: kept.name_zh,
        name_en: kept.name_en,
        credit_code: kept.credit_code,
        contact: kept.contact,
        state: state.into(),
        reason: kept.reason,
        create_time: Some(Timestamp { seconds, nanos: i32::try_from(nanos).unwrap_or(0) }),
    }
}

impl Enterprises {
    /// What is to be kept of a request, or the first thing that is wrong with it.
    fn read(&self, enterprise: Enterprise) -> Result<Kept, Status> {
        let Some(id) = enterprise.name.strip_prefix("enterprises/").filter(|id| is_label(id)) else {
            return Err(invalid(
                "BAD_ENTERPRISE",
                "企业标识无效：写作 enterprises/标识，标识由 1 至 64 个小写字母、数字和连字符组成",
                "it is written enterprises/ID, where ID has 1 to 64 of a-z, 0-9 and -",
            ));
        };
        let is_name = |name: &str| name.chars().count() <= NAME_CHARACTERS && !name.chars().any(char::is_control);
        if enterprise.name_zh.trim().is_empty() || !is_name(&enterprise.name_zh) || !is_name(&enterprise.name_en) {
            return Err(invalid(
                "BAD_NAME",
                "中文名称必填；中英文名称各为一行，最多 120 个字符",
                "a Chinese name is needed; either name is one line of at most 120 characters",
            ));
        }
        if !is_credit_code(&enterprise.credit_code) {
            return Err(invalid(
                "BAD_CREDIT_CODE",
                "统一社会信用代码无效：应为 18 位，末位为校验码，请核对",
                "this is no unified social credit code (GB 32100): 18 characters, of which the last checks the others",
            ));
        }
        let long = enterprise.contact.chars().count() > CONTACT_CHARACTERS;
        if long || enterprise.contact.chars().any(char::is_control) || !is_email(&enterprise.contact) {
            return Err(invalid("BAD_CONTACT", "联系邮箱无效，请核对", "the contact is to be an e-mail address"));
        }
        Ok(Kept {
            id: id.to_owned(),
            name_zh: enterprise.name_zh,
            name_en: enterprise.name_en,
            credit_code: enterprise.credit_code,
            contact: enterprise.contact,
            state: EnterpriseState::Active,
            reason: String::new(),
            create_time: self.0.now(),
        })
    }

    async fn set(&self, name: &str, state: EnterpriseState, why: String) -> Result<Response<Enterprise>, Status> {
        let kept =
            self.0.set_enterprise(id_of(name)?, state, why, Actor::local()).await.map_err(|error| unwritten(&error))?;
        kept.map(|kept| Response::new(shown(kept))).ok_or_else(|| absent(name))
    }
}

#[tonic::async_trait]
impl EnterpriseService for Enterprises {
    async fn create_enterprise(
        &self,
        request: Request<CreateEnterpriseRequest>,
    ) -> Result<Response<Enterprise>, Status> {
        let kept = self.read(request.into_inner().enterprise.unwrap_or_default())?;
        match self.0.register_enterprise(kept.clone(), Actor::local()).await.map_err(|error| unwritten(&error))? {
            Registration::Done => Ok(Response::new(shown(kept))),
            Registration::IdTaken => Err(refuse(
                Code::AlreadyExists,
                "ENTERPRISE_EXISTS",
                format!("标识 {} 已被使用，请换一个", kept.id),
                format!("{} is taken: choose another id", kept.id),
            )),
            Registration::CodeTaken => Err(refuse(
                Code::AlreadyExists,
                "CREDIT_CODE_EXISTS",
                format!("统一社会信用代码 {} 已登记", kept.credit_code),
                format!("{} is registered already", kept.credit_code),
            )),
            Registration::Full => Err(refuse(
                Code::ResourceExhausted,
                "ENTERPRISE_LIMIT",
                "注册企业数量已达上限，请先移除不再需要的",
                "there are as many enterprises as there may be: remove some",
            )),
        }
    }

    async fn list_enterprises(
        &self,
        _: Request<ListEnterprisesRequest>,
    ) -> Result<Response<ListEnterprisesResponse>, Status> {
        let enterprises = self.0.enterprises().await.map_err(unread)?.into_iter().map(shown).collect();
        Ok(Response::new(ListEnterprisesResponse { enterprises }))
    }

    async fn suspend_enterprise(
        &self,
        request: Request<SuspendEnterpriseRequest>,
    ) -> Result<Response<Enterprise>, Status> {
        let request = request.into_inner();
        self.set(&request.name, EnterpriseState::Suspended, reason(&request.reason)).await
    }

    async fn resume_enterprise(
        &self,
        request: Request<ResumeEnterpriseRequest>,
    ) -> Result<Response<Enterprise>, Status> {
        self.set(&request.into_inner().name, EnterpriseState::Active, String::new()).await
    }

    async fn remove_enterprise(
        &self,
        request: Request<RemoveEnterpriseRequest>,
    ) -> Result<Response<RemoveEnterpriseResponse>, Status> {
        let name = request.into_inner().name;
        match self.0.remove_enterprise(id_of(&name)?, Actor::local()).await.map_err(|error| unwritten(&error))? {
            true => Ok(Response::new(RemoveEnterpriseResponse {})),
            false => Err(absent(&name)),
        }
    }
}

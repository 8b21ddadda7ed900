//! Members that live on the gateway itself: the operator's own office, and the one that asks for registered readers.

use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, CircleAdd, CreateInviteRequest, Host};
use duikou_proto::name::MemberId;
use duikou_proto::reference;
use tonic::{Code, Status};

use super::{Membership, refuse};

impl Membership {
    /// Admits a member that the directory does not know, with names and a region that are sound.
    pub(super) async fn admit_here(&self, member: &MemberId, request: CreateInviteRequest) -> Result<(), Status> {
        if request.replace_keys {
            let zh = "--here 不能与 --replace-keys 同用";
            return Err(refuse(Code::InvalidArgument, "BAD_INVITE", zh, "--here does not go with --replace-keys"));
        }
        // Before the entries: what the directory names lies here from the first moment.
        let (signing_key, encryption_key) = self.0.keys.first_keys(member).map_err(|error| {
            let detail = duikou_node::error::chain(&error);
            let zh = format!("密钥文件无法使用：{detail}");
            refuse(Code::FailedPrecondition, "KEY_FILE", zh, format!("a key file cannot be used: {detail}"))
        })?;
        let id = member.to_string();
        let mut actions = vec![
            Action::Host(Host { member: id.clone(), node: self.0.gateway.to_string(), announced: false }),
            Action::Admit(Admit {
                member: id.clone(),
                name_zh: request.name_zh.trim().to_owned(),
                name_en: request.name_en.trim().to_owned(),
                region: reference::normalise_region(&request.region).into_owned(),
                longitude: request.longitude,
                latitude: request.latitude,
                signing_key,
                encryption_key,
            }),
        ];
        let circles = request.circles.into_iter();
        actions.extend(circles.map(|circle| Action::CircleAdd(CircleAdd { circle, member: id.clone() })));
        self.make(actions).await?;
        tracing::info!(member.id = %member, "a member is admitted that lives on this gateway");
        Ok(())
    }
}

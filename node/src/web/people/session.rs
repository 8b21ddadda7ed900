//! What the header of every page offers to whoever is signed in: to leave, and to act for another member.

use axum::extract::State;
use axum::response::Response;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{SignOutRequest, SwitchMemberRequest};
use http::header::SET_COOKIE;

use super::super::Web;
use super::super::respond::{Answer, local_path, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::sign_in::{send_on, waiting_in};

/// Ends the session. Whoever has none is as well out.
pub(super) async fn sign_out(State(web): State<Web>, visitor: Visitor) -> Answer {
    if visitor.signed_in().is_some() {
        let ended = web.services().people.sign_out(visitor.ask(SignOutRequest {})).await;
        ended.map_err(|status| visitor.failed(&status))?;
    }
    let mut response = see_other_with("/", "done-signed-out");
    let forgotten = web.cookies().forget(web.cookies().session_name());
    response.headers_mut().extend(forgotten.map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// Goes on for another member. The session gets another secret. A form that was opened for that member waits meanwhile, and
/// is sent on from the page after.
pub(super) async fn act_for(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let member = sent.get("member");
    let request = signed.ask(SwitchMemberRequest { member: member.to_owned() });
    let switched = web.services().people.switch_member(request).await.map_err(|status| signed.failed(&status))?;
    let waiting = waiting_in(&sent);
    let response = match waiting.path.is_empty() {
        true => see_other_with(local_path(sent.get("back")), "done-acting"),
        false => send_on(&web, &signed.acting_for(&web, member), waiting)?,
    };
    Ok(showing(&web, response, &switched.into_inner().secret))
}

/// `response`, with which the browser gets a session.
pub(super) fn showing(web: &Web, mut response: Response, secret: &str) -> Response {
    let cookie = web.cookies().set(web.cookies().session_name(), secret, None);
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}

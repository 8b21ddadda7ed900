//! Cookies: how they are named, read and set. Where people reach this server by TLS, the session's has the prefix
//! `__Host-` (RFC 6265bis), so that no other host of the domain, and nobody without TLS, can put one in its place.

use axum_extra::extract::CookieJar;
use http::{HeaderMap, HeaderValue};

/// How cookies are set here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    /// `secure`: people reach this server by TLS, and cookies are for TLS alone.
    pub(crate) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The scheme by which people reach this server.
    pub(crate) const fn scheme(self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// The name of the cookie that shows a session.
    pub(crate) const fn session_name(self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }

    /// The name of the cookie that shows who was led to the provider by which people sign in.
    pub(crate) const fn provider_name(self) -> &'static str {
        if self.secure { "__Host-provider" } else { "provider" }
    }

    /// What a browser shows as its session; whether that is good is for others to say.
    pub(crate) fn session(self, headers: &HeaderMap) -> Option<String> {
        read(headers, self.session_name())
    }

    /// The header that sets a cookie for this host, which scripts do not see and other sites do not send along with
    /// forms; for `seconds`, or as long as the browser is open. None where the value cannot stand in one.
    pub(crate) fn set(self, name: &str, value: &str, seconds: Option<u32>) -> Option<HeaderValue> {
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let only_tls = if self.secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{name}={value}; Path=/; SameSite=Lax; HttpOnly{only_tls}{age}")).ok()
    }

    /// The header that takes a cookie away.
    pub(crate) fn forget(self, name: &str) -> Option<HeaderValue> {
        self.set(name, "", Some(0))
    }
}

/// The value of a cookie that was sent.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    CookieJar::from_headers(headers).get(name).map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    #[test]
    fn over_tls_a_cookie_that_another_host_can_set_is_no_session() {
        let shown = |text: &str| HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(text).unwrap())]);
        let (tls, plain) = (Cookies::new(true), Cookies::new(false));
        assert_eq!(tls.session(&shown("session=ds_a")), None);
        assert_eq!(tls.session(&shown("session=ds_a; __Host-session=ds_b")).as_deref(), Some("ds_b"));
        assert_eq!(plain.session(&shown("session=ds_a; __Host-session=ds_b")).as_deref(), Some("ds_a"));
        let set = tls.set(tls.session_name(), "ds_b", None).unwrap();
        assert_eq!(set, "__Host-session=ds_b; Path=/; SameSite=Lax; HttpOnly; Secure");
        assert_eq!(plain.forget("session").unwrap(), "session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0");
        assert_eq!(tls.set("notice", "a\r\nb", None), None);
    }
}

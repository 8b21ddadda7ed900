//! Times as HTTP writes them (RFC 9110, 5.6.7).

use std::time::{Duration, UNIX_EPOCH};

use duikou_proto::envelope::Micros;
use http::HeaderValue;

/// The last second that has a form: the end of the year 9999.
const LATEST_SECOND: u64 = 253_402_300_799;

/// The second of a time, for example `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn write(time: Micros) -> String {
    let second = u64::try_from(time.div_euclid(1_000_000)).unwrap_or_default().min(LATEST_SECOND);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second))
}

/// Seconds since 1970, in any of the three forms that there are; None where it is none of them.
pub(crate) fn read(value: &HeaderValue) -> Option<i64> {
    let time = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_a_date_is_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(read(&HeaderValue::from_static(text)), Some(784_111_777), "{text}");
        }
        assert_eq!(write(784_111_777_999_999), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(write(Micros::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(write(Micros::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
        for text in ["", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT"] {
            assert_eq!(read(&HeaderValue::from_static(text)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_date_is_too_strange(text in "[ -~]{0,40}") {
            let _ = read(&HeaderValue::from_str(&text).unwrap());
        }

        #[test]
        fn what_is_written_is_read(second in 0i64..4_000_000_000) {
            let written = HeaderValue::from_str(&write(second * 1_000_000)).unwrap();
            prop_assert_eq!(read(&written), Some(second));
        }
    }
}

//! Waiting for what comes in its own time.

use std::time::Duration;

use tokio::time::Instant;

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Tries again until `attempt` succeeds; the last refusal where it never did within `limit`.
///
/// # Errors
/// The last reason why not.
pub async fn within<T>(limit: Duration, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    let end = Instant::now() + limit;
    let mut reason = "never tried to the end".to_owned();
    loop {
        match tokio::time::timeout_at(end, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(refusal)) => reason = refusal,
            Err(_) => return Err(format!("not within {limit:?}: {reason}")),
        }
        if Instant::now() >= end {
            return Err(format!("not within {limit:?}: {reason}"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_reason_is_told() {
        let mut tries = 0;
        let outcome: Result<(), String> = within(LOOK_AGAIN * 5, async || {
            tries += 1;
            Err(format!("try {tries}"))
        })
        .await;
        assert_eq!(outcome, Err(format!("not within {:?}: try {tries}", LOOK_AGAIN * 5)));
        assert!(tries > 1);
        assert_eq!(within(Duration::ZERO, async || Ok(5)).await, Ok(5));
    }
}

//! What an operator sees of a server: its port for machines, its alarms, and what `status` and `doctor` say.

use std::time::Duration;

use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::{Alarm, GetStatusRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::metadata::MetadataValue;

use super::Server;
use super::wait::within;

/// How long an alarm may take to show.
const SHOWN: Duration = Duration::from_secs(60);

impl Server {
    /// What its operator's port answers: status line and headers in lower case, and the body.
    ///
    /// # Panics
    /// Where it does not answer.
    pub async fn operator_port(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.addresses().operator).await.expect("the operator's port is open");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers with text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        (head.to_lowercase(), body.to_owned())
    }

    /// The value of a metric (`duikou_alarms{code="X"}`); 0 where it is not there.
    ///
    /// # Panics
    /// Where the operator's port does not answer.
    pub async fn metric(&self, name: &str) -> i64 {
        let (_, text) = self.operator_port("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        value.map_or(0, |value| value as i64)
    }

    /// Waits until `status` shows an alarm with this code whose English message holds `said`, and asserts that the metrics count
    /// it and that `doctor` shows it.
    ///
    /// # Panics
    /// Where one of them does not.
    pub async fn alarms(&self, code: &str, said: &str) -> Alarm {
        let shown = async || {
            let mut request = tonic::Request::new(GetStatusRequest {});
            request.metadata_mut().insert("accept-language", MetadataValue::from_static("en"));
            let status = OperatorServiceClient::new(self.local()).get_status(request).await;
            let alarms = status.map_err(|status| status.to_string())?.into_inner().alarms;
            let found = alarms.iter().find(|alarm| alarm.code == code && alarm.message.contains(said));
            found.cloned().ok_or_else(|| format!("{alarms:?}"))
        };
        let shown = within(SHOWN, shown).await;
        let alarm = shown.unwrap_or_else(|alarms| panic!("{} does not alarm {code} {said:?}: {alarms}", self.name()));
        assert!(!alarm.remedy.is_empty(), "{alarm:?}");
        assert!(self.metric(&format!("duikou_alarms{{code=\"{code}\"}}")).await > 0, "{code} is not counted");
        let doctor = self.cli(&["doctor", "--language", "en", "--output", "json"]).await;
        assert!(doctor.code != 0 && doctor.stdout.contains(code), "{doctor}");
        alarm
    }
}

//! Statements of the root: what it signs, how people read it, and how it is carried as a file. The root key itself never
//! comes near a server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duikou_node::cli::Text;
use duikou_proto::directory::{authority_input, directory_key_input, member_key_input};
use duikou_proto::federation::root_request::Statement;
use duikou_proto::federation::{RootRequest, RootRequests};
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::sign::Signer;
use prost::Message;

const PREFIX: &str = "duikou-root1.";
/// Statements that one file carries.
const STATEMENTS: usize = 1_000;

/// What the root signs; None where the request is malformed.
pub fn statement_input(request: &RootRequest) -> Option<Vec<u8>> {
    match request.statement.as_ref()? {
        Statement::MemberKey(key) => {
            let member: MemberId = key.member.parse().ok()?;
            let network: NetworkName = request.network.parse().ok()?;
            member.is_of(&network).then(|| member_key_input(&member, key.purpose(), key.number, &key.public_key))
        }
        Statement::DirectoryKey(key) => Some(directory_key_input(key.number, &key.public_key)),
        Statement::Authority(authority) => {
            let network: NetworkName = request.network.parse().ok()?;
            Some(authority_input(&network, authority.generation, &authority.public_key))
        }
    }
}

/// What it says, for whoever holds the root key.
pub fn described(request: &RootRequest) -> Text {
    let print = |public_key: &[u8]| blake3::hash(public_key).to_hex().to_string();
    match &request.statement {
        Some(Statement::MemberKey(key)) => {
            let (member, purpose, number) = (&key.member, key.purpose().as_str_name().to_lowercase(), key.number);
            let print = print(&key.public_key);
            Text::new(
                format!("成员 {member} 的第 {number} 号密钥（{purpose}），取代丢失的密钥，指纹 {print}"),
                format!("{purpose} key {number} of {member}, in place of a lost one, fingerprint {print}"),
            )
        }
        Some(Statement::DirectoryKey(key)) => {
            let (network, number, print) = (&request.network, key.number, print(&key.public_key));
            Text::new(
                format!("网络 {network} 的第 {number} 号目录密钥，指纹 {print}"),
                format!("directory key {number} of {network}, fingerprint {print}"),
            )
        }
        Some(Statement::Authority(authority)) => {
            let (network, print) = (&request.network, print(&authority.public_key));
            Text::new(
                format!("网络 {network} 新的证书颁发机构，公钥指纹 {print}"),
                format!("the new certificate authority of {network}, key fingerprint {print}"),
            )
        }
        None => Text::new("空请求", "nothing"),
    }
}

/// Signs all of them.
pub fn sign(requests: &mut RootRequests, root: &Signer) {
    for request in &mut requests.requests {
        if let Some(input) = statement_input(request) {
            request.signature = root.sign_text(&input);
        }
    }
}

/// As a file that can be carried, printed and pasted.
pub fn encode(requests: &RootRequests) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(requests.encode_to_vec()))
}

/// Reads such a file; None where it is none, or holds a malformed statement.
pub fn decode(text: &str) -> Option<RootRequests> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
    let requests = RootRequests::decode(&*bytes).ok()?;
    let sound = requests.requests.len() <= STATEMENTS && requests.requests.iter().all(|r| statement_input(r).is_some());
    sound.then_some(requests)
}

#[cfg(test)]
mod tests {
    use duikou_proto::federation::Authority;

    use super::*;

    #[test]
    fn what_is_carried_comes_back_as_it_was_and_a_cut_one_does_not() {
        let statement = Statement::Authority(Authority { generation: 7, public_key: vec![1; 91] });
        let request = RootRequest { network: "n.example".into(), statement: Some(statement), signature: Vec::new() };
        let mut requests = RootRequests { requests: vec![request] };
        let root = Signer::from_seed(0, [1; 32]);
        sign(&mut requests, &root);
        let text = encode(&requests);
        assert_eq!(decode(&format!("{text}\n")), Some(requests.clone()));
        assert_eq!(decode(&text[..text.len() - 5]), None);
        let input = statement_input(&requests.requests[0]).unwrap();
        root.public().verify(&requests.requests[0].signature, &input).unwrap();
    }
}

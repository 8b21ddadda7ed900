//! What the compiler of the contract writes, nested as its packages are.

#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated; the .proto files carry the documentation")]

pub mod duikou {
    pub mod v1 {
        tonic::include_proto!("duikou.v1");
    }
    pub mod federation {
        pub mod v1 {
            tonic::include_proto!("duikou.federation.v1");
        }
    }
}

pub mod google {
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
}

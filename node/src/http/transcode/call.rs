//! Calling a service of this process as a gRPC client would, without a socket between.

use bytes::{Buf, Bytes, BytesMut};
use duikou_proto::codec::{self, FRAME_HEAD};
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, TE, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Version};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::ServiceExt;

/// Bytes of one answer: several pages of the largest that services give.
pub(crate) const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A call that is to be made.
pub(crate) struct Call {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    /// The encoded request.
    pub(crate) message: Vec<u8>,
    /// The headers of the request that stands behind it.
    pub(crate) headers: HeaderMap,
    /// Its extensions: who is at the other end.
    pub(crate) extensions: Extensions,
}

impl Call {
    /// Makes it.
    ///
    /// # Errors
    /// What the service refuses before its first message.
    pub(crate) async fn make(self, services: Routes) -> Result<Messages, Status> {
        let length = u32::try_from(self.message.len()).map_err(|_| Status::out_of_range("too long a request"))?;
        let mut framed = codec::frame(length);
        framed.extend_from_slice(&self.message);
        let mut request = Request::new(Body::new(Full::new(framed.freeze())));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.path.parse().map_err(|_| Status::internal("a method without a path"))?;
        *request.extensions_mut() = self.extensions;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        for name in [AUTHORIZATION, ACCEPT_LANGUAGE, USER_AGENT] {
            if let Some(value) = self.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let response = match services.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        // An answer that is only a refusal has its status among the headers.
        match Status::from_header_map(response.headers()) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(Messages::of(response.into_body())),
        }
    }
}

/// The messages of an answer, each as it was encoded.
pub(crate) struct Messages {
    body: Body,
    buffer: BytesMut,
    ended: bool,
}

impl Messages {
    /// Those in a body.
    pub(crate) fn of(body: Body) -> Self {
        Self { body, buffer: BytesMut::new(), ended: false }
    }

    /// The next one; None at a good end. May be dropped and called again.
    ///
    /// # Errors
    /// The status with which the service ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.frame().await {
                None => self.ended = true,
                Some(Err(status)) => return Err(status),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        self.ended = true;
                        let trailers = frame.into_trailers().unwrap_or_default();
                        if let Some(status) = Status::from_header_map(&trailers).filter(|s| s.code() != Code::Ok) {
                            return Err(status);
                        }
                    }
                },
            }
        }
    }

    /// The only one.
    ///
    /// # Errors
    /// The status with which the service ended.
    pub(crate) async fn only(mut self) -> Result<Bytes, Status> {
        let message = self.next().await?.ok_or_else(|| Status::internal("the service gave no answer"))?;
        // The status follows.
        match self.next().await? {
            None => Ok(message),
            Some(_) => Err(Status::internal("the service gave two answers")),
        }
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        if self.buffer.len() < FRAME_HEAD {
            return Ok(None);
        }
        let mut head = &self.buffer[..FRAME_HEAD];
        let (compressed, length) = (head.get_u8(), head.get_u32() as usize);
        if compressed != 0 {
            return Err(Status::internal("the service compressed its answer, which nobody asked for"));
        }
        if length > ANSWER_BYTES {
            return Err(Status::resource_exhausted("the answer is too long for HTTP: ask for less"));
        }
        if self.buffer.len() < FRAME_HEAD + length {
            return Ok(None);
        }
        self.buffer.advance(FRAME_HEAD);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use proptest::prelude::*;

    use super::*;

    async fn read(pieces: Vec<Vec<u8>>) -> Result<Vec<Bytes>, Status> {
        let frames = pieces.into_iter().map(|piece| Ok::<_, Status>(Frame::data(Bytes::from(piece))));
        let mut messages = Messages::of(Body::new(StreamBody::new(stream::iter(frames))));
        let mut read = Vec::new();
        while let Some(message) = messages.next().await? {
            read.push(message);
        }
        Ok(read)
    }

    proptest! {
        #[test]
        fn messages_are_put_together_however_they_are_cut(
            sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            cut in 1usize..20,
        ) {
            let mut bytes = Vec::new();
            for message in &sent {
                bytes.push(0);
                bytes.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
                bytes.extend_from_slice(message);
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(read(bytes.chunks(cut).map(<[u8]>::to_vec).collect())).unwrap();
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn no_answer_is_too_strange(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read(pieces));
        }
    }
}

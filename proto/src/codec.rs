//! The codecs of all services: prost with a small first buffer, since most streams are idle most of the time and a
//! server may have thousands of them; and the same for what is encoded once and sent to many.

use std::marker::PhantomData;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, EncodeBuf, Encoder};
use tonic_prost::ProstCodec;

/// Bytes that a stream's buffer begins with; it grows as messages need.
const FIRST_BUFFER: usize = 512;
/// Bytes that are gathered before they are given to the connection.
pub const YIELD_AT: usize = 32 * 1024;
/// Bytes before each message of gRPC: whether it is compressed, and its length.
pub const FRAME_HEAD: usize = 5;

/// The head of a frame whose message has so many bytes, with room for them: `Length-Prefixed-Message` of gRPC over HTTP/2,
/// not compressed.
pub fn frame(length: u32) -> BytesMut {
    let mut frame = BytesMut::with_capacity(FRAME_HEAD + length as usize);
    frame.put_u8(0);
    frame.put_u32(length);
    frame
}

fn buffer() -> BufferSettings {
    BufferSettings::new(FIRST_BUFFER, YIELD_AT)
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as tonic::codec::Codec>::Encoder;
    type Decoder = <ProstCodec<T, U> as tonic::codec::Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(buffer())
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::raw_decoder(buffer())
    }
}

/// A message of which parts, or the whole, are encoded already.
pub trait Encoded: Send + 'static {
    /// Bytes that [`Self::put`] writes.
    fn encoded_len(&self) -> usize;

    /// Writes the whole message.
    ///
    /// # Errors
    /// Where there is no room.
    fn put(&self, out: &mut impl BufMut) -> Result<(), prost::EncodeError>;
}

impl Encoded for Bytes {
    fn encoded_len(&self) -> usize {
        self.len()
    }

    fn put(&self, out: &mut impl BufMut) -> Result<(), prost::EncodeError> {
        out.put_slice(self);
        Ok(())
    }
}

/// Reads as [`Codec`] does, and writes what is [`Encoded`].
#[derive(Debug, Clone, Copy)]
pub struct EncodedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for EncodedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for EncodedCodec<T, U>
where
    T: Encoded,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = EncodedEncoder<T>;
    type Decoder = <ProstCodec<(), U> as tonic::codec::Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        EncodedEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<(), U>::raw_decoder(buffer())
    }
}

/// See [`EncodedCodec`].
#[derive(Debug)]
pub struct EncodedEncoder<T>(PhantomData<T>);

impl<T: Encoded> Encoder for EncodedEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.reserve(message.encoded_len());
        message.put(out).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffer()
    }
}

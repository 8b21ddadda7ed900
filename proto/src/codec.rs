//! The codec of all services: prost with a small first buffer, since most streams are idle most of the time and a
//! server may have thousands of them.

use std::marker::PhantomData;

use prost::Message;
use tonic::codec::BufferSettings;
use tonic_prost::ProstCodec;

/// Bytes that a stream's buffer begins with; it grows as messages need.
const FIRST_BUFFER: usize = 512;
/// Bytes that are gathered before they are given to the connection.
const YIELD_AT: usize = 32 * 1024;

/// How the codec of a stream buffers, whatever it encodes.
pub fn buffer() -> BufferSettings {
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

//! What of search cannot be left out: the index library with the segmenter, behind the same call over the same kind of
//! socket, answering with listings that it keeps itself. It knows no readers, dates, deletions, marks or folding.

use std::path::Path;

use duikou_proto::reference::regions;
use duikou_proto::v1::search_service_server::{SearchService, SearchServiceServer};
use duikou_proto::v1::{
    FindDuplicatesRequest, FindDuplicatesResponse, Listing, SearchListingsRequest, SearchListingsResponse,
    SearchResult, SuggestQueriesRequest, SuggestQueriesResponse,
};
use prost::Message;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::tokenizer::{TextAnalyzer, TokenStream};
use tantivy::{Index, IndexReader, TantivyDocument, Term};
use tantivy_jieba::JiebaTokenizer;
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::chinese::text_of;

const WRITER_BYTES: usize = 200_000_000;

/// The bare index.
pub(crate) struct BareSearch {
    reader: IndexReader,
    words: TextAnalyzer,
    fields: Fields,
}

#[derive(Clone, Copy)]
struct Fields {
    title: Field,
    text: Field,
    region: Field,
    listing: Field,
}

impl BareSearch {
    /// Indexes `listings` in `folder`.
    ///
    /// # Errors
    /// Where the library fails.
    pub(crate) fn create(folder: &Path, listings: impl Iterator<Item = Listing>) -> anyhow::Result<Self> {
        let mut builder = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("jieba")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(indexing);
        let fields = Fields {
            title: builder.add_text_field("title", words.clone()),
            text: builder.add_text_field("text", words),
            region: builder.add_text_field("region", STRING),
            listing: builder.add_bytes_field("listing", STORED),
        };
        std::fs::create_dir_all(folder)?;
        let index = Index::create_in_dir(folder, builder.build())?;
        let tokenizer = |search: bool| {
            let mut tokenizer = JiebaTokenizer::with_search_mode(search);
            tokenizer.set_hmm(false);
            tokenizer
        };
        index.tokenizers().register("jieba", tokenizer(true));
        let mut writer = index.writer_with_num_threads(2, WRITER_BYTES)?;
        for listing in listings {
            let (title, text) = text_of(&listing)?;
            let mut document = TantivyDocument::new();
            document.add_text(fields.text, format!("{title} {text}"));
            document.add_text(fields.title, title);
            let codes = listing.listing.iter().flat_map(|opportunity| &opportunity.regions);
            for code in codes.flat_map(|code| regions().lineage(code)) {
                document.add_text(fields.region, code.code);
            }
            document.add_bytes(fields.listing, &listing.encode_to_vec());
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        let reader = index.reader()?;
        Ok(Self { reader, words: TextAnalyzer::builder(tokenizer(false)).build(), fields })
    }

    /// Serves until the runtime ends.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub(crate) fn serve(self, socket: &Path) -> anyhow::Result<()> {
        let listener = UnixListener::bind(socket)?;
        let server = Server::builder().add_service(SearchServiceServer::new(self));
        tokio::spawn(server.serve_with_incoming(UnixListenerStream::new(listener)));
        Ok(())
    }

    fn find(&self, request: &SearchListingsRequest) -> anyhow::Result<SearchListingsResponse> {
        let searcher = self.reader.searcher();
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut words = self.words.clone();
        let mut stream = words.token_stream(&request.query);
        while stream.advance() {
            let word = &stream.token().text;
            if word.trim().is_empty() {
                continue;
            }
            let term =
                |field| Box::new(TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs));
            clauses.push((Occur::Must, term(self.fields.text)));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(term(self.fields.title), 2.0))));
        }
        for code in request.filter.iter().flat_map(|filter| &filter.regions) {
            let term = Term::from_field_text(self.fields.region, code);
            let term = ConstScoreQuery::new(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), 0.0);
            clauses.push((Occur::Must, Box::new(term)));
        }
        let must = clauses.iter().filter(|(occur, _)| *occur == Occur::Must);
        let counted = BooleanQuery::new(must.map(|(occur, clause)| (*occur, clause.box_clone())).collect());
        let total = searcher.search(&counted, &Count)?;
        let limit = usize::try_from(request.page_size)?.max(1);
        let top = searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(limit).order_by_score())?;
        let result = |address| {
            let document: TantivyDocument = searcher.doc(address)?;
            let bytes = document.get_first(self.fields.listing).and_then(|value| value.as_bytes().map(<[u8]>::to_vec));
            let listing = Some(Listing::decode(&*bytes.unwrap_or_default())?);
            Ok(SearchResult { listing, ..SearchResult::default() })
        };
        let results = top.into_iter().map(|(_, address)| result(address)).collect::<anyhow::Result<_>>()?;
        Ok(SearchListingsResponse { results, total_size: i32::try_from(total)?, ..SearchListingsResponse::default() })
    }
}

#[tonic::async_trait]
impl SearchService for BareSearch {
    async fn search_listings(
        &self,
        request: Request<SearchListingsRequest>,
    ) -> Result<Response<SearchListingsResponse>, Status> {
        self.find(request.get_ref()).map(Response::new).map_err(|error| Status::internal(error.to_string()))
    }

    async fn suggest_queries(
        &self,
        _: Request<SuggestQueriesRequest>,
    ) -> Result<Response<SuggestQueriesResponse>, Status> {
        Err(Status::unimplemented("the baseline only searches"))
    }

    async fn find_duplicates(
        &self,
        _: Request<FindDuplicatesRequest>,
    ) -> Result<Response<FindDuplicatesResponse>, Status> {
        Err(Status::unimplemented("the baseline only searches"))
    }
}

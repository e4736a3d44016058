//! Follows a JSON text of a schema token by token: which tokens may come next.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;
use std::sync::{Arc, OnceLock};

use llguidance::api::{ParserLimits, StopReason, TopLevelGrammar};
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use llguidance::{JsonCompileOptions, ParserFactory, TokenParser};
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::bits::{self, Bits};
use crate::spelling::{self, Spelling};
use crate::{guard, schema, view, Failure, VigStatus, VigText, VigTokenizer};

/// What all guides of one tokenizer share. Made when the first is: it takes a moment.
pub struct Words {
    factory: ParserFactory,
    not_first: Bits,
    every_byte: bool,
    end: u32,
}

pub type SharedWords = OnceLock<Result<Arc<Words>, String>>;

pub struct VigGuide {
    words: Arc<Words>,
    parser: TokenParser,
    at_front: bool,
}

/// A stranger's schema gets a few tens of milliseconds and megabytes, here and in each step.
fn limits() -> ParserLimits {
    ParserLimits {
        max_items_in_row: 2000,
        initial_lexer_fuel: 400_000,
        step_lexer_fuel: 100_000,
        step_max_items: 25_000,
        max_lexer_states: 20_000,
        max_grammar_size: 50_000,
        precompute_large_lexemes: false,
        verbose_errors: false,
    }
}

fn unsupported(why: impl Into<String>) -> Failure {
    (VigStatus::Unsupported, why.into())
}

/// The part of an error's text that is meant for people: after it come the parser's state and advice to programmers.
fn refused(error: impl ToString) -> Failure {
    let text = error.to_string();
    let told = ["<state>", "<non-verbose/>", "<backtrace>", " Enable '"]
        .iter()
        .fold(text.as_str(), |told, mark| told.split(mark).next().unwrap_or(told));
    let words: Vec<&str> = told.split_whitespace().collect();
    (VigStatus::Failed, words.join(" ").chars().take(300).collect())
}

impl Words {
    fn new(tokenizer: &Tokenizer) -> Result<Self, String> {
        let Spelling { mut words, not_first, every_byte } = spelling::spell(tokenizer)?;
        // One id past the vocabulary stands for every end token: its bit says that the text is complete.
        let end = words.len() as u32;
        words.push(b"\xffend".to_vec());
        let trie = TokTrie::from(&TokRxInfo::new(end + 1, end), &words);
        let env: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let slices = SlicedBiasComputer::json_slices();
        let mut factory = ParserFactory::new(&env, InferenceCapabilities::default(), &slices)
            .map_err(|error| error.to_string())?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Words { factory, not_first, every_byte, end })
    }

    fn parser(&self, mut schema: Value) -> Result<TokenParser, Failure> {
        // Compact: a model that may put spaces between two words can do so for ever. This replaces what the schema
        // may say about it ("x-guidance").
        JsonCompileOptions { whitespace_flexible: false, ..Default::default() }.apply_to(&mut schema);
        let grammar = TopLevelGrammar::from_json_schema(schema);
        let mut parser = self.factory.create_parser(grammar).map_err(refused)?;
        parser.start_without_prompt();
        Ok(parser)
    }

    fn dead_end(&self) -> Failure {
        if self.every_byte {
            return refused("no text can fit it");
        }
        unsupported("its tokenizer has no token for what must come next")
    }
}

fn shared(tokenizer: &VigTokenizer) -> Result<Arc<Words>, Failure> {
    let made = tokenizer.words.get_or_init(|| {
        catch_unwind(AssertUnwindSafe(|| Words::new(&tokenizer.inner).map(Arc::new)))
            .unwrap_or_else(|_| Err("its tokenizer cannot be spelled out".into()))
    });
    made.clone().map_err(unsupported)
}

impl VigGuide {
    fn new(tokenizer: &VigTokenizer, text: &[u8]) -> Result<Self, Failure> {
        let schema = schema::parse(text).map_err(refused)?;
        let words = shared(tokenizer)?;
        let parser = words.parser(schema)?;
        let mut guide = VigGuide { words, parser, at_front: true };
        guide.allowed(&mut vec![0; guide.words.end as usize / 32 + 1])?; // a schema that nothing can satisfy fails here
        Ok(guide)
    }

    /// Whether the text may end here; `out` is what may come otherwise.
    fn allowed(&mut self, out: &mut [u32]) -> Result<bool, Failure> {
        out.fill(0);
        if self.parser.stopped() {
            return if self.parser.stop_reason().is_ok() { Ok(true) } else { Err(self.broken()) };
        }
        let Ok(mask) = self.parser.compute_mask() else { return Err(self.broken()) };
        let end = self.words.end;
        bits::copy(mask.as_slice(), out);
        bits::clear(out, end as usize);
        if self.at_front {
            self.words.not_first.take_from(out);
        }
        let whole = mask.is_allowed(end);
        if !whole && out.iter().all(|&word| word == 0) {
            return Err(self.words.dead_end());
        }
        Ok(whole)
    }

    fn broken(&self) -> Failure {
        match self.parser.stop_reason() {
            StopReason::NoExtensionBias => self.words.dead_end(),
            reason => refused(self.parser.error_message().unwrap_or(reason.to_string())),
        }
    }

    /// Whether the text is whole with this token.
    fn accept(&mut self, token: u32) -> Result<bool, Failure> {
        if token >= self.words.end {
            return Err(refused("no such token"));
        }
        self.parser.consume_token(token).map_err(refused)?;
        self.at_front = false;
        Ok(self.parser.check_stop().map_err(refused)? || self.parser.is_accepting())
    }
}

/// # Safety
/// `tokenizer` is alive; `schema` has `size` bytes; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_guide_new(
    tokenizer: *const VigTokenizer,
    schema: *const u8,
    size: usize,
    out: *mut *mut VigGuide,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let guide = VigGuide::new(&*tokenizer, view(schema, size))?;
        out.write(Box::into_raw(Box::new(guide)));
        Ok(())
    })
}

/// # Safety
/// `guide` is alive and nobody else's now; `out` has `size` words; `whole` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_guide_allowed(
    guide: *mut VigGuide,
    out: *mut u32,
    size: usize,
    whole: *mut bool,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let out = if size == 0 { &mut [] } else { slice::from_raw_parts_mut(out, size) };
        whole.write((*guide).allowed(out)?);
        Ok(())
    })
}

/// # Safety
/// `guide` is alive and nobody else's now; `whole` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_guide_accept(
    guide: *mut VigGuide,
    token: i32,
    whole: *mut bool,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        whole.write((*guide).accept(token as u32)?); // a negative id becomes one that no vocabulary has
        Ok(())
    })
}

/// # Safety
/// `guide` is null or came from `vig_guide_new` and is given back once.
#[no_mangle]
pub unsafe extern "C" fn vig_guide_free(guide: *mut VigGuide) {
    if !guide.is_null() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(guide))));
    }
}

// Made on one thread and used on another.
const _: () = {
    const fn travels<T: Send>() {}
    const fn is_shared<T: Send + Sync>() {}
    travels::<VigGuide>();
    is_shared::<VigTokenizer>();
};

//! Currencies by ISO 4217.

/// A currency or other unit of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    /// Three capital letters.
    pub code: &'static str,
    /// Decimal places of its smallest unit. Absent for metals, baskets and test codes, which are no money here.
    pub exponent: Option<u8>,
    /// The name on the list, in English.
    pub name: &'static str,
}

static CURRENCIES: &[Currency] = include!(concat!(env!("OUT_DIR"), "/currencies.rs"));

/// Finds a currency by its code in capital letters.
pub fn currency(code: &str) -> Option<&'static Currency> {
    CURRENCIES.binary_search_by(|currency| currency.code.cmp(code)).ok().map(|index| &CURRENCIES[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_the_list() {
        let exponent = |code| currency(code).map(|currency| currency.exponent);
        assert_eq!(exponent("CNY"), Some(Some(2)));
        assert_eq!(exponent("JPY"), Some(Some(0)));
        assert_eq!(exponent("KWD"), Some(Some(3)));
        assert_eq!(exponent("XAU"), Some(None));
        assert_eq!(exponent("cny"), None);
        assert_eq!(exponent("RMB"), None);
    }
}

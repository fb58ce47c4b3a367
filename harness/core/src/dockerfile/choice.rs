//! Where a script chooses by comparing words, and which way it goes for given words.

use super::shell_word::ShellWord;

/// A place where a word is compared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A `case`.
    Case {
        /// The word that is looked at.
        subject: ShellWord,
        /// Its arms.
        arms: Vec<Branch>,
    },
    /// `[ a = b ]` and the like.
    Test(Comparison),
    /// Several tests at the beginning of a list, joined by `&&` and `||`. Each of its comparisons is
    /// a choice of its own too.
    Joined(Condition),
}

/// An arm of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// What the word must be, without quotes.
    pub patterns: Vec<ShellWord>,
}

/// Two words compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The word on the left.
    pub left: ShellWord,
    /// When it holds.
    pub operator: Operator,
    /// The word on the right, a pattern in `[[`.
    pub right: ShellWord,
}

/// When a comparison holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Where both are the same.
    Same,
    /// Where they differ.
    Differ,
}

/// Comparisons that are joined, with nothing executed between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A comparison.
    Test(Comparison),
    /// Both must hold.
    Both(Box<Condition>, Box<Condition>),
    /// One must hold.
    Either(Box<Condition>, Box<Condition>),
}

/// Which way a choice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Into an arm of a `case`, by its number.
    Arm(usize),
    /// Past all of them.
    Past,
    /// By a test that holds or does not.
    Test(bool),
}

/// What a word comes to; nothing where nobody knows.
pub type Resolve<'a> = dyn Fn(&ShellWord) -> Option<String> + 'a;

impl Choice {
    /// Whether it looks at a word.
    #[must_use]
    pub fn looks_at(&self, word: &ShellWord) -> bool {
        match self {
            Self::Case { subject, .. } => subject == word,
            Self::Test(comparison) => comparison.looks_at(word),
            Self::Joined(condition) => condition.looks_at(word),
        }
    }

    /// Which way it goes; nothing where that is not known.
    #[must_use]
    pub fn way(&self, resolve: &Resolve<'_>) -> Option<Way> {
        match self {
            Self::Case { subject, arms } => {
                let text = resolve(subject)?;
                for (number, arm) in arms.iter().enumerate() {
                    for pattern in &arm.patterns {
                        if matches(&resolve(pattern)?, &text) {
                            return Some(Way::Arm(number));
                        }
                    }
                }
                Some(Way::Past)
            }
            Self::Test(comparison) => comparison.holds(resolve).map(Way::Test),
            Self::Joined(condition) => condition.holds(resolve).map(Way::Test),
        }
    }
}

impl Comparison {
    fn looks_at(&self, word: &ShellWord) -> bool {
        self.left == *word || self.right == *word
    }

    fn holds(&self, resolve: &Resolve<'_>) -> Option<bool> {
        let is_same = matches(&resolve(&self.right)?, &resolve(&self.left)?);
        Some(is_same == (self.operator == Operator::Same))
    }
}

impl Condition {
    fn looks_at(&self, word: &ShellWord) -> bool {
        match self {
            Self::Test(comparison) => comparison.looks_at(word),
            Self::Both(a, b) | Self::Either(a, b) => a.looks_at(word) || b.looks_at(word),
        }
    }

    /// The words that are the same where it holds, of which one pair must be; nothing where more
    /// than that is said.
    pub(super) fn alternatives(&self) -> Option<Vec<(&ShellWord, &ShellWord)>> {
        match self {
            Self::Test(Comparison { left, operator: Operator::Same, right }) => {
                Some(vec![(left, right)])
            }
            Self::Test(_) | Self::Both(..) => None,
            Self::Either(a, b) => Some([a.alternatives()?, b.alternatives()?].concat()),
        }
    }

    fn holds(&self, resolve: &Resolve<'_>) -> Option<bool> {
        Some(match self {
            Self::Test(comparison) => comparison.holds(resolve)?,
            Self::Both(a, b) => a.holds(resolve)? & b.holds(resolve)?,
            Self::Either(a, b) => a.holds(resolve)? | b.holds(resolve)?,
        })
    }
}

/// Whether a pattern of a shell is a text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[']) {
        return pattern == text;
    }
    globset::Glob::new(pattern).is_ok_and(|it| it.compile_matcher().is_match(text))
}

#[cfg(test)]
mod tests {
    use crate::dockerfile::{Script, Text};

    use super::*;

    fn last_choice(source: &str) -> Choice {
        let mut text = Text::default();
        text.push(source, 0);
        let script = Script::parse(&text).expect("a script");
        script.choices.last().expect("a choice").clone()
    }

    fn way(source: &str, value: &str) -> Option<Way> {
        let resolve = |word: &ShellWord| Some(word.unquoted().replace("$A", value));
        last_choice(source).way(&resolve)
    }

    #[test]
    fn a_case_goes_into_the_first_arm_that_fits() {
        let source = "case \"$A\" in a|b) x;; 'c'*) y;; esac";
        assert_eq!(way(source, "b"), Some(Way::Arm(0)));
        assert_eq!(way(source, "cd"), Some(Way::Arm(1)));
        assert_eq!(way(source, ""), Some(Way::Past));
    }

    #[test]
    fn tests_hold_or_do_not() {
        for (source, value, holds) in [
            ("[ $A = a ]", "a", true),
            ("[ $A != a ]", "a", false),
            ("[[ $A == a* ]]", "ab", true),
            ("[ $A != a ] || [ $A != b ]", "a", true),
            ("[ $A != a ] || [ $A != b ]", "", true),
            ("[[ $A != a || $A != b ]]", "b", true),
            ("[ $A != a ] || [ $A != b ] && make", "a", true),
            ("if [ $A = a ] && [ $A = b ]; then make; fi", "b", false),
        ] {
            assert_eq!(way(source, value), Some(Way::Test(holds)), "{source} of {value}");
        }
    }

    #[test]
    fn what_is_executed_between_tests_parts_them() {
        for source in [
            "[ $A = a ] && make || [ $A = b ]",
            "make && [ $A = a ] || [ $A = b ]",
            "[ $A = a ] && [ -f x ]",
            "[[ -f x || $A = b ]]",
        ] {
            assert!(matches!(last_choice(source), Choice::Test(_)), "{source}");
        }
    }

    #[test]
    fn what_nobody_knows_decides_nothing() {
        let choice = last_choice("[ $A = $B ]");
        assert_eq!(choice.way(&|word| (word.raw == "$A").then(String::new)), None);
    }
}

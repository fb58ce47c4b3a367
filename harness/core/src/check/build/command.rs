//! What the command of a `RUN` is about, by its words.

/// Commands that turn sources into programs, by their first words.
const COMPILERS: [&[&str]; 31] = [
    &["./gradlew"],
    &["./mvnw"],
    &["bazel", "build"],
    &["c++"],
    &["cargo", "build"],
    &["cargo", "install"],
    &["cc"],
    &["clang"],
    &["clang++"],
    &["cmake"],
    &["dotnet", "build"],
    &["dotnet", "publish"],
    &["g++"],
    &["gcc"],
    &["go", "build"],
    &["go", "install"],
    &["go", "test"],
    &["gradle"],
    &["make"],
    &["meson"],
    &["mvn"],
    &["ninja"],
    &["npm", "run"],
    &["npx", "tsc"],
    &["pnpm", "build"],
    &["pnpm", "run"],
    &["rustc"],
    &["swift", "build"],
    &["yarn", "build"],
    &["yarn", "run"],
    &["zig", "build"],
];

/// Whether an instruction compiles something. That could be done natively, for another platform.
pub(super) fn compiles(instruction: &str) -> bool {
    let separated = instruction.replace("&&", "\n").replace("||", "\n");
    separated.split([';', '|', '\n', '(', ')']).any(|command| {
        let words: Vec<&str> = command.split_whitespace().skip_while(|it| is_before(it)).collect();
        COMPILERS.iter().any(|known| words.starts_with(known))
    })
}

/// What may stand before a command: `RUN`, its options, variables.
fn is_before(word: &str) -> bool {
    let is_variable = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
    });
    word.eq_ignore_ascii_case("RUN") || word.starts_with("--") || is_variable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_told_by_their_commands() {
        for (instruction, expected) in [
            ("RUN go build ./...", true),
            ("RUN --mount=type=cache,target=/root CGO_ENABLED=0 go build -o /out", true),
            ("RUN cd /src && ./configure && make install", true),
            ("RUN apt-get install -y gcc make", false),
            ("RUN apk add --no-cache cmake", false),
            ("RUN echo make", false),
            ("RUN adduser -D app", false),
        ] {
            assert_eq!(compiles(instruction), expected, "{instruction}");
        }
    }
}

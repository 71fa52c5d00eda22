#!/usr/bin/env bash
# Breaks the order path on purpose, one line at a time, in a copy of the tree, and expects the simulation to notice and to name
# the invariant. A simulation that stays green here proves nothing when it is green elsewhere.
#
#   tests/mutations.sh            all of them
#   tests/mutations.sh epoch      those whose name contains the word
#
# The copy is made in TMPDIR and removed. Its builds stay in target/mutations, apart from the tree's own: cargo tells two copies of a
# workspace apart by their times only, and a broken program would be taken for a whole one.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR=$root/target/mutations
wanted=${1:-}
failed=0

(cd "$root" && git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock crates benches \
    | while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done \
    | tar --null --files-from=- -cf -) | tar -C "$copy" -xf -

# mutate NAME INVARIANT FILE SED: the change, and the beginning of the invariant's name that has to be reported.
mutate() {
    local name=$1 invariant=$2 file=$3 change=$4 said
    [[ $name == *"$wanted"* ]] || return 0
    sed "$change" "$root/$file" > "$copy/$file"
    if cmp -s "$root/$file" "$copy/$file"; then
        echo "GONE    $name: no such line in $file any more; change tests/mutations.sh"
        failed=1
        return 0
    fi
    said=$(cd "$copy" && cargo test -q -p engine --test simulation 2>&1) || true
    cp "$root/$file" "$copy/$file"
    if grep -q "^violated: $invariant" <<< "$said"; then
        echo "caught  $name: $(grep -m1 '^violated: ' <<< "$said") ($(grep -m1 -o '^seed [0-9]*' <<< "$said"))"
    else
        echo "MISSED  $name: expected \"$invariant\", got:"
        { grep -E '^(violated|error|test result)' <<< "$said" || tail -3 <<< "$said"; } | sed 's/^/        /'
        failed=1
    fi
}

# Read whole before it runs, so that an edit meanwhile does no harm.
all() {
    local engine=crates/engine/src

    mutate 'release-before-durable' 'I-1' $engine/engine.rs \
        's/if let Some(first_seq) = self.journal.find_batch(batch.id, base)? {/if let Some(first_seq) = self.journal.find_batch(batch.id, base)?.or(Some(base + 1)) {/'

    mutate 'skip-epoch-check' 'I-3' crates/journal/src/events/memory.rs \
        's/if epoch == 0 || epoch != claim.epoch {/if epoch == 0 {/'

    mutate 'unknown-is-never-reached' 'I-2 what is taken for absent' $engine/reconcile.rs \
        's/let Some(doubt) = doubts.by_intent.get(&intent) else { return Absence::NoEvidence };/let Some(doubt) = doubts.by_intent.get(\&intent).filter(|_| false) else { return Absence::Proven };/'

    mutate 'hanging-counts-as-dead' 'I-2 what is taken for absent' $engine/reconcile.rs \
        's/if doubt.sender != config.instance \&\& died.is_none() {/if false {/'

    mutate 'resend-unknown' 'I-2 at most one request' $engine/writing.rs \
        's/^ *let why = "the instance that made the call ended.*$/let why = String::new(); if let Some(order) = self.state.orders.get(\&intent.order) { let call = order.calls[intent.n as usize - 1].call.clone(); self.calls.push(Intended { intent, account: account.clone(), call, signal: None, tag: None, kite: None, send_by: i64::MAX, day: order.day }); continue; }/'

    mutate 'decide-past-a-halt' 'no order is intended during a halt' $engine/engine.rs \
        's/control_seen: Some(self.state.control_seq),/control_seen: None,/'

    mutate 'forget-answers-the-journal-refused' 'no order ends in limbo' $engine/engine.rs \
        's/self.owed.push(input);/drop(input);/'
}

all
exit $failed

#!/usr/bin/env bash
# Counts instructions with valgrind's callgrind, exact where times are noisy, and prints a Markdown
# table: for each workload the instructions an item at two sizes, and how they grow.
#
#     benches/instructions.sh          some three minutes
#     benches/instructions.sh --all    the largest rooms too, some ten minutes
#
# An item is an event of the full conflicted set, an entry of a list of state, or a PDU. valgrind
# hides the processor's SHA instructions, so `intake` counts them as they are done in software; the
# last table has it without.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "this needs valgrind" >&2; exit 2; }
large_room=10000 long_room=30000
if [ "${1-}" = --all ]; then large_room=50000 long_room=100000; fi

binary=$(CARGO_PROFILE_BENCH_DEBUG=1 cargo bench --no-run --features testing --bench counted --message-format=json 2>/dev/null |
    grep '"name":"counted"' | grep -o '"executable":"[^"]*"' | tail -1 | cut -d'"' -f4)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Sets `items` and `counted` for one workload.
count() {
    local line
    line=$(valgrind --tool=callgrind --callgrind-out-file="$work/out" --collect-atstart=no \
        --toggle-collect='*measured*' "$binary" "$1" 2>"$work/log")
    items=$(cut -d' ' -f2 <<<"$line")
    counted=$(sed -n 's/.*Collected : //p' "$work/log")
}

# A row: two workloads, by items if asked to.
row() {
    local per=$1 small=$2 large=$3 first second
    count "$small"
    first=$(if [ "$per" = item ]; then echo $((counted / items)); else echo "$counted"; fi)
    count "$large"
    second=$(if [ "$per" = item ]; then echo $((counted / items)); else echo "$counted"; fi)
    printf '| %s | %s | %s | %s | %s |\n' "$small" "$large" "$first" "$second" \
        "$(awk "BEGIN { printf \"%.2f\", $second / $first }")"
}

echo '| small | large | instructions | instructions | ratio |'
echo '|---|---|---|---|---|'
echo '| **a whole resolution** | | | | |'
row all resolve/tip/1000-v11 resolve/tip/$large_room-v11
row all resolve/tip/1000-v12 resolve/tip/$large_room-v12
row all resolve/mainline/10-v11 resolve/mainline/1000-v11
row all resolve/ladder/40-v12 resolve/ladder/80-v12
echo '| **v2.1 after v2, in one room** | | | | |'
for room in storm/10000 duel/50 forks/1000 ladder/40; do
    row all resolve/$room-v11 resolve-v2.1/$room-v11
done
echo '| **an event of the full conflicted set** | | | | |'
row item resolve/ways/2-v11 resolve/ways/32-v11
row item resolve/forks/1000-v11 resolve/forks/5000-v11
row item resolve/duel/10-v11 resolve/duel/200-v11
echo '| **an entry of a list** | | | | |'
row item lists/tip/1000-v11 lists/tip/$large_room-v11
echo '| **an event of a replay** | | | | |'
row item stated/calm/10000-v11 stated/calm/$long_room-v11
row item replay/calm/10000-v11 replay/calm/$long_room-v11
row item replay/storm/1000-v11 replay/storm/10000-v11
echo '| **a PDU, verified; and received** | | | | |'
row item verify/calm/1000-v11 receive/calm/1000-v11
row item receive/calm/1000-v11 receive/calm/3000-v11
row item receive/storm/300-v11 receive/storm/1000-v11

echo
echo '| a PDU | instructions | of them SHA-256 |'
echo '|---|---|---|'
for room in calm/1000-v11 calm/1000-v12; do
    count intake/$room
    sha=$(callgrind_annotate --auto=no --threshold=100 "$work/out" 2>/dev/null |
        awk '/sha2::|sha2-/ { gsub(",", "", $1); sum += $1 } END { printf "%d", sum }')
    echo "| intake/$room | $((counted / items)) | $((sha / items)) |"
done

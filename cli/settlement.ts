import { type Belonging, type Break, belongings, type Note, Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { businessDaysBetween } from "#core/settlement/business-days.ts";
import { withBooks } from "./books-pool.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

/** As many files as a person looks at. */
const filesMax = 50;
/** And as many breaks. */
const breaksMax = 1_000;

const using = <T>(url: string, use: (settlement: Settlement) => Promise<T>): Promise<T> =>
  withBooks(url, (pool) => use(new Settlement(pool)));

/** The files that acquirers left, the latest first, and how far each was read. */
export const showFiles = (url: string): Promise<string> =>
  using(url, async (settlement) => {
    const files = await settlement.files(filesMax);
    if (files.length === 0) return "no acquirer has left a file yet";
    return table(
      ["RECEIVED", "FILE", "LINES", "FLAWS", "READ"],
      files.map(({ receivedAt, key, lines, flaws, readAt, endedBy }) => [
        ...[receivedAt.toISOString(), key, String(lines), String(flaws)],
        endedBy === undefined ? (readAt?.toISOString() ?? "not to its end yet") : `up to line ${endedBy}`,
      ]),
    );
  });

/** What of a file could not be taken. @param key as `settlement files` shows it: alpha/alpha-2026-11-26.csv */
export const showFlaws = (url: string, key: string): Promise<string> =>
  using(url, async (settlement) => {
    const flaws = await settlement.flaws(key);
    if (flaws.length === 0)
      return `nothing is wrong with ${key}, or nobody left it: \`settlement files\` names all`;
    return table(
      ["LINE", "WHY", "WHAT WAS THERE"],
      flaws.map(({ place, reason, text, endsFile }) => [
        ...[String(place), endsFile ? `${reason}: nothing behind it was read` : reason, text],
      ]),
    );
  });

const nameOf = (number: number): string => `brk_${number}`;

function numberOf(name: string): number {
  const digits = /^brk_([1-9][0-9]{0,14})$/.exec(name)?.[1];
  if (digits === undefined) throw new Refusal(`"${name}" is no break: \`breaks list\` names them, as brk_12`);
  return Number(digits);
}

const dayMs = 86_400_000;
const ageOf = ({ openedAt, closedAt }: Break, now: number): string =>
  `${Math.floor(((closedAt?.getTime() ?? now) - openedAt.getTime()) / dayMs)} d`;

/** What does not match between the acquirers' files and the books, the oldest first. @param all also what is closed */
export const listBreaks = (url: string, all: boolean, now = Date.now()): Promise<string> =>
  using(url, async (settlement) => {
    const found = await settlement.breaks(all, breaksMax + 1);
    const breaks = found.slice(0, breaksMax);
    const waiting = await settlement.waiting();
    const more = [
      ...(found.length > breaksMax ? ["there are more: `breaks ages` counts those that are open"] : []),
      ...(waiting > 0
        ? [`${waiting} lines that the books do not know wait for them: breaks in an hour`]
        : []),
    ]
      .map((line) => `\n\n${line}`)
      .join("");
    if (breaks.length === 0) return `${all ? "there has been no break" : "no break is open"}${more}`;
    return `${table(
      ["BREAK", "KIND", "ACQUIRER", "AMOUNT", "CURRENCY", "OF", "AGE", "WHO", "CLOSED"],
      breaks.map((each) => [
        ...[nameOf(each.number), each.kind, each.acquirer, String(each.amount), each.currency],
        ...[each.operationKey ?? each.reference ?? "", ageOf(each, now), each.assignee ?? ""],
        each.closedAs ?? "",
      ]),
    )}${more}`;
  });

/** Open breaks by acquirer, kind and currency: how many, what is in question, and how long the oldest is open. */
export const showBreakAges = (url: string, now = Date.now()): Promise<string> =>
  using(url, async (settlement) => {
    const ages = await settlement.breakAges();
    if (ages.length === 0) return "no break is open";
    return table(
      ["ACQUIRER", "KIND", "OPEN", "AMOUNT", "CURRENCY", "OLDEST", "BUSINESS DAYS"],
      ages.map(({ acquirer, kind, items, amount, currency, oldest }) => [
        ...[acquirer, kind, String(items), String(amount), currency],
        `${Math.floor((now - oldest.getTime()) / dayMs)} d`,
        String(businessDaysBetween(oldest.getTime(), now)),
      ]),
    );
  });

const meanings: Readonly<Record<Break["kind"], string>> = {
  missing: "the books say that the acquirer owes it, and no file has it",
  unexpected: "the acquirer says it, and the books know of nothing",
  over: "more came than the books say is owed",
  under: "less came than the books say is owed",
  duplicate: "it came again, behind all that was owed",
  wrong_currency: "it came in another currency than the books have it in",
  late: "it came later than was agreed",
  bank_missing: "the acquirer says that it pays this day, and nothing came to the bank",
  bank_unexpected: "it came to the bank, and no acquirer says what for",
  bank_over: "more came to the bank than the acquirer says",
  bank_under: "less came to the bank than the acquirer says",
};

/** What was agreed with each acquirer. */
export const showTerms = (url: string): Promise<string> =>
  using(url, async (settlement) => {
    const terms = await settlement.terms();
    if (terms.length === 0)
      return "nothing was agreed with any acquirer: each has three days, and no tolerance";
    return table(
      ["ACQUIRER", "DAYS", "TOLERANCE", "FEE", "BY", "SINCE"],
      terms.map(({ acquirer, days, tolerance, feePoints, by, at }) => [
        ...[acquirer, String(days), String(tolerance), `${feePoints / 100} %`, by, at.toISOString()],
      ]),
    );
  });

export interface TermsOptions {
  readonly days?: string | undefined;
  readonly tolerance?: string | undefined;
  readonly "fee-points"?: string | undefined;
  readonly by?: string | undefined;
}

/**
 * Says what was agreed with an acquirer, for what is judged from then on; what is left out stays.
 * @throws Refusal for what is out of range, and where nobody says it
 */
export async function agreeTerms(
  url: string,
  acquirer: string,
  { days, tolerance, "fee-points": points, by }: TermsOptions,
  now = Date.now(),
): Promise<string> {
  if (by === undefined || by === "") throw new Refusal("say who you are: --by lee");
  await using(url, async (settlement) => {
    const before = (await settlement.terms()).find((each) => each.acquirer === acquirer);
    const said = {
      ...{ acquirer, days: numberIn("days", days, [1, 90], before?.days ?? 3) },
      tolerance: BigInt(numberIn("tolerance", tolerance, [0, 10_000], Number(before?.tolerance ?? 0n))),
      feePoints: numberIn("fee-points", points, [0, 10_000], before?.feePoints ?? 0),
    };
    await settlement.agree(said, by, new Date(now));
  });
  return showTerms(url);
}

function numberIn(
  name: string,
  text: string | undefined,
  [min, max]: readonly [number, number],
  unless: number,
): number {
  if (text === undefined) return unless;
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < min || number > max)
    throw new Refusal(`--${name} ${text}: write a whole number from ${min} to ${max}`);
  return number;
}

/** Suspense (1900) of each book and currency beside the open breaks that it has to equal. */
export const showSuspense = (url: string): Promise<string> =>
  withBooks(url, async (pool) => {
    const lines = await new SettlementEntries(pool).suspense();
    if (lines.length === 0) return "no break is open, and suspense is empty";
    return table(
      ["BOOK", "CURRENCY", "OPEN BREAKS", "POSTED", "BOOKED", ""],
      lines.map(({ book, currency, open, drafted, booked }) => [
        ...[book, currency, String(open), String(drafted), String(booked)],
        verdictOn(open, drafted, booked),
      ]),
    );
  });

/** The reconciler posts within a minute, and what it posted is in the books once deliveries have come. */
const verdictOn = (open: bigint, drafted: bigint, booked: bigint): string => {
  if (open !== drafted) return "is being posted";
  return drafted === booked ? "equal" : "is on its way to the books";
};

/** One break, with all that was said about it. */
export const showBreak = (url: string, name: string): Promise<string> =>
  using(url, async (settlement) => {
    const number = numberOf(name);
    const found = await settlement.findBreak(number);
    if (found === undefined) throw new Refusal(`there is no break ${name}: \`breaks list --all\` names them`);
    const notes = await settlement.notes(number);
    return [
      `${name}: ${found.kind}, ${meanings[found.kind]}`,
      "",
      ...[
        ["acquirer", found.acquirer],
        ["merchant", found.book ?? "unknown"],
        ["in question", `${found.amount} ${found.currency}, in minor units`],
        ["operation", found.operationKey ?? "none of ours"],
        ["reference", found.reference ?? "none"],
        ["opened", found.openedAt.toISOString()],
        [
          "closed",
          found.closedAt === undefined ? "no" : `${found.closedAt.toISOString()}, ${found.closedAs}`,
        ],
        ["looked at by", found.assignee ?? "nobody"],
        ["belongs to", found.belongsTo ?? "suspense, for as long as it is open"],
        ["moved by", found.movedBy ?? "no entry yet"],
      ].map(([what = "", is = ""]) => `  ${what.padEnd(13)} ${is}`),
      ...(notes.length === 0 ? [] : ["", ...notes.map(noteText)]),
    ].join("\n");
  });

const noteText = ({ at, who, act, words }: Note): string =>
  `  ${at.toISOString()} ${who} ${act === "assigned" ? `assigned it to ${words}` : `${act}: ${words}`}`;

const isBelonging = (text: string): text is Belonging => Object.hasOwn(belongings, text);

export interface NoteOptions {
  readonly by?: string | undefined;
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly as?: string | undefined;
}

/**
 * Says something about a break, and shows it.
 * @throws Refusal when somebody or something is not named, or when it is closed
 */
export async function noteBreak(
  url: string,
  name: string,
  act: Note["act"],
  { by, to, reason, as = "receivable" }: NoteOptions,
  now = Date.now(),
): Promise<string> {
  const words = act === "assigned" ? to : reason;
  if (by === undefined || by === "") throw new Refusal("say who you are: --by lee");
  if (words === undefined || words === "")
    throw new Refusal(act === "assigned" ? "say whom it is for: --to kim" : 'say why: --reason "…"');
  if (!isBelonging(as))
    throw new Refusal(`say where it belongs: --as ${Object.keys(belongings).join("|")}, not ${as}`);
  const number = numberOf(name);
  await using(url, (settlement) =>
    settlement.note(number, { at: new Date(now), who: by, act, words }, as),
  ).catch((thrown: unknown) => {
    const { code, message } = thrown as { readonly code?: string; readonly message: string };
    // What the books' own functions refuse.
    if (code !== "P0002") throw thrown;
    throw new Refusal(`${name}: ${message}`, { cause: thrown });
  });
  return showBreak(url, name);
}

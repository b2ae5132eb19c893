import { parseArgs } from "node:util";
import { SFNClient } from "@aws-sdk/client-sfn";
import type { Against } from "#adapters/books/finance.ts";
import { Api } from "./api.ts";
import { holdArchive, proveArchive } from "./archive.ts";
import { sayWhatPays, showBank } from "./bank.ts";
import { showStatement, showTrialBalance } from "./books.ts";
import { closePeriod, showClosings } from "./closing.ts";
import { booksUrl, operatorConnection, storeConnection } from "./connection.ts";
import { listDeadLetters, replayAll, replayDeadLetter, showDeadLetter } from "./dead-letters.ts";
import { listDisputes } from "./disputes.ts";
import { startFailover } from "./failover.ts";
import { type Finding, showLarge, showSafeguarding } from "./finance.ts";
import { journalFilesOf } from "./journal-queue.ts";
import { legalHold } from "./legal-hold.ts";
import { writeStatements } from "./merchant-statement.ts";
import { prove } from "./prove.ts";
import { proveBooks } from "./prove-books.ts";
import { Refusal } from "./refusal.ts";
import { resolve } from "./resolve.ts";
import {
  agreeTerms,
  listBreaks,
  noteBreak,
  showBreak,
  showBreakAges,
  showFiles,
  showFlaws,
  showSuspense,
  showTerms,
} from "./settlement.ts";
import { showTimeline } from "./timeline.ts";
import { showFileTraces } from "./traces.ts";
import { verify } from "./verify.ts";

const usage = `npm run ops -- <command>   what operations do, from a terminal

  dead-letters list [--state open|replayed|all]   what was given up, newest first
  dead-letters show <dl_…>                        one of them, with what it held
  dead-letters replay <dl_…> | --all              gives it back to what failed on it
  disputes list [--merchant <mer_…>] [--state open|ended|all]
                                                  what customers deny, of one merchant or all, by when it is to be answered
  payments timeline <pay_…> [--merchant <mer_…>]  what happened to a payment, from all that remembers it
  payments resolve <pay_…> --as authorized|captured|declined|failed|canceled --evidence "…" --version <n>
      [--acquirer <name>] [--reference <…>] [--expires-at <time>] [--decline-code <code>]
  refunds resolve <re_…> --as succeeded|failed --evidence "…" --version <n>
                                                  says what became of what is in review; the acquirer is asked first
  books trial-balance [--at <day>]                all accounts at the end of a day, by the books
  books statement <account> [--merchant <mer_…>] [--since <day>] [--until <day>]
                                                  what moved an account, line by line
  books safeguarding [--date <day>] [--csv]       what is owed to customers and merchants, against what is held
  books large --since <day> [--until <day>] --currency <ccy> [--over <amount>] [--csv]
                                                  large payments, and smaller ones of a day that come to one
  books close --up-to <day> --by <who> [--anyway "…"] [--stage <stage>] | books closings
                                                  closes a period, and says what stands against it
  statement --merchant <mer_…> --date <day> [--currency <ccy>] [--to <directory>|-]
                                                  a merchant's money of a day as camt.053, a file for each currency
  settlement files | settlement flaws <file>      what acquirers left, and what of it could not be taken
  settlement trace <file> [--since <day>] [--until <day>] [--stage <stage>]
                                                  what the reconciler did with it, step by step; also with the journal's
  settlement terms [<acquirer> --by <who> [--days <n>] [--tolerance <minor units>] [--fee-points <n>]]
                                                  what was agreed: when it is late, and what may differ or lack
  settlement bank                                 entries of our account, and the acquirers' days that they pay
  settlement pays <reference> --acquirer <name> --date <day> --by <who> --reason "…" [--at <day booked>]
                                                  says which day an entry pays that does not name it itself
  settlement suspense                             suspense of each book beside its open breaks, which it equals
  breaks list [--all]                             what does not match between their files and the books
  breaks ages                                     what is open by acquirer and kind, and for how long
  breaks show <brk_…>                             one of them, with all that was said about it
  breaks assign <brk_…> --to <who> --by <who> | breaks comment <brk_…> --by <who> --reason "…"
  breaks resolve <brk_…> --by <who> --reason "…" [--as receivable|costs|losses|rounding]
                                                  decides it, and where it belongs: the acquirer owes it, unless said
  payments hold <pay_…> --reason "…" | payments lift-hold <pay_…> --reason "…"   [--merchant <mer_…>]
                                                  a legal hold: nothing on it is erased until it is lifted
  archive hold | archive lift | archive holds   --since <day> [--until <day>] [--stage <stage> --bucket <name>]
                                                  legal holds on archived events, which then outlive lock and lifecycle
  archive prove [--stage <stage> --bucket <name>] has the reconciler prove what came since last night, and sign it
  verify --since <day> [--until <day>] [--public-key <file>|<SHA-256>] [--stage <stage> --bucket <name>]
                                                  checks days of the archive by their proofs, and names what was tampered with
  failover start --by <who> --reason "…" --evidence "…" --since <time> [--segments <n>] [--stage <stage>]
                                                  lets this region take over from one that is lost: docs/runbooks/failover.md
                                                  --since: when replication was last known to be whole, minus a margin
  prove [--stage <stage>]                         reads every table and proves the invariants
  prove --books [--warehouse] [--stage <stage>]   holds the ledger against the books and the warehouse, account by account

  --state-directory <directory>   of the local system (.local)
  --help

It calls the local system as its operator. Another one: TALLYSTICK_API, TALLYSTICK_TOKEN_URL, TALLYSTICK_CLIENT_ID,
TALLYSTICK_CLIENT_SECRET. Other books: BOOKS_URL, as postgres://user:password@host/books; as
postgres://finance@host/books with your AWS credentials, in AWS_REGION, and with ?through=127.0.0.1:15432 by a tunnel. With --stage, \`prove\`, \`archive\`, \`verify\`, \`failover\`, \`settlement trace\` and \`books close\` reach that stage with your AWS credentials, in AWS_REGION.`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        state: { type: "string", default: "open" },
        merchant: { type: "string" },
        as: { type: "string" },
        evidence: { type: "string" },
        days: { type: "string" },
        tolerance: { type: "string" },
        "fee-points": { type: "string" },
        version: { type: "string" },
        acquirer: { type: "string" },
        reference: { type: "string" },
        "expires-at": { type: "string" },
        "decline-code": { type: "string" },
        stage: { type: "string" },
        by: { type: "string" },
        reason: { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        at: { type: "string" },
        to: { type: "string" },
        bucket: { type: "string" },
        "public-key": { type: "string" },
        segments: { type: "string" },
        date: { type: "string" },
        currency: { type: "string" },
        over: { type: "string" },
        "up-to": { type: "string" },
        anyway: { type: "string" },
        csv: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        books: { type: "boolean", default: false },
        warehouse: { type: "boolean", default: false },
        "state-directory": { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}

interface Arguments {
  readonly values: ReturnType<typeof readArguments>["values"];
  /** What stands behind the command. */
  readonly rest: readonly string[];
}

/** Commands by their words. Each answers what is printed. */
const commands: Readonly<Record<string, (given: Arguments) => Promise<string>>> = {
  "dead-letters list": ({ values }) => listDeadLetters(operator(values), values.state),
  "dead-letters show": ({ values, rest }) => showDeadLetter(operator(values), theOne(rest, "dl_…")),
  "dead-letters replay": ({ values, rest }) =>
    values.all
      ? replayAll(operator(values), tell)
      : replayDeadLetter(operator(values), theOne(rest, "dl_… or --all")),
  "disputes list": ({ values }) => listDisputes(operator(values), values.state, values.merchant),
  "payments timeline": ({ values, rest }) =>
    showTimeline(operator(values), theOne(rest, "pay_…"), values.merchant),
  "payments resolve": ({ values, rest }) =>
    resolve(operator(values), "payments", theOne(rest, "pay_…"), values),
  "refunds resolve": ({ values, rest }) => resolve(operator(values), "refunds", theOne(rest, "re_…"), values),
  "books trial-balance": ({ values }) => showTrialBalance(books(values), values.at),
  "books statement": ({ values, rest }) =>
    showStatement(books(values), theOne(rest, "account"), {
      ...{ merchant: values.merchant, since: values.since, until: values.until },
    }),
  "books safeguarding": async ({ values }) =>
    judged(await showSafeguarding(books(values), values.date, values.csv)),
  "books large": ({ values }) => showLarge(books(values), values),
  "books close": ({ values }) => closePeriod(books(values), () => journalOf(values), values),
  "books closings": ({ values }) => showClosings(books(values)),
  statement: ({ values }) => writeStatements(books(values), values, process.stdout),
  "settlement files": ({ values }) => showFiles(books(values)),
  "settlement flaws": ({ values, rest }) => showFlaws(books(values), theOne(rest, "file")),
  "settlement trace": ({ values, rest }) => showFileTraces(storeOf(values), theOne(rest, "file"), values),
  "settlement terms": ({ values, rest }) =>
    rest.length === 0
      ? showTerms(books(values))
      : agreeTerms(books(values), theOne(rest, "acquirer"), values),
  "settlement bank": ({ values }) => showBank(books(values)),
  "settlement pays": ({ values, rest }) => sayWhatPays(books(values), theOne(rest, "reference"), values),
  "settlement suspense": ({ values }) => showSuspense(books(values)),
  "breaks list": ({ values }) => listBreaks(books(values), values.all),
  "breaks ages": ({ values }) => showBreakAges(books(values)),
  "breaks show": ({ values, rest }) => showBreak(books(values), theOne(rest, "brk_…")),
  "breaks assign": ({ values, rest }) => noteBreak(books(values), theOne(rest, "brk_…"), "assigned", values),
  "breaks comment": ({ values, rest }) =>
    noteBreak(books(values), theOne(rest, "brk_…"), "commented", values),
  "breaks resolve": ({ values, rest }) => noteBreak(books(values), theOne(rest, "brk_…"), "resolved", values),
  "payments hold": ({ values, rest }) => legalHold(operator(values), theOne(rest, "pay_…"), "place", values),
  "payments lift-hold": ({ values, rest }) =>
    legalHold(operator(values), theOne(rest, "pay_…"), "lift", values),
  "archive hold": ({ values }) => holdArchive(storeOf(values), "hold", values),
  "archive lift": ({ values }) => holdArchive(storeOf(values), "lift", values),
  "archive holds": ({ values }) => holdArchive(storeOf(values), "look", values),
  "archive prove": ({ values }) => proveArchive(storeOf(values), values.bucket),
  verify: ({ values }) => verifyStore(values),
  "failover start": ({ values }) => failOver(values),
  prove: ({ values }) => proveStore(values),
};

async function failOver(values: Arguments["values"]): Promise<string> {
  const client = new SFNClient(storeConnection(values["state-directory"], values.stage).client);
  return startFailover(client, values, tell);
}

async function proveStore(values: Arguments["values"]): Promise<string> {
  const store = storeConnection(values["state-directory"], values.stage);
  if (values.warehouse && !values.books) throw new Refusal("--warehouse goes with --books");
  const isRight = values.books
    ? await proveBooks(store, books(values), { warehouse: values.warehouse }, tell)
    : await prove(store, tell);
  if (!isRight) process.exitCode = 1;
  return "";
}

/** What is not well ends with 1, for whatever runs it by night. */
function judged({ text, isWell }: Finding): string {
  if (!isWell) process.exitCode = 1;
  return text;
}

/** What the journal's queue holds for these books. Others than this machine's are somewhere that only a stage's name tells. */
async function journalOf(values: Arguments["values"]): Promise<readonly Against[]> {
  if (values.stage === undefined && process.env["BOOKS_URL"] !== undefined)
    return [{ what: "journal_not_looked_at", items: 1 }];
  return journalFilesOf(storeOf(values));
}

async function verifyStore(values: Arguments["values"]): Promise<string> {
  const { text, isRight } = await verify(storeOf(values), { ...values, publicKey: values["public-key"] });
  if (!isRight) process.exitCode = 1;
  return text;
}

const books = (values: Arguments["values"]): string => booksUrl(values["state-directory"], values.stage);
const storeOf = (values: Arguments["values"]) => storeConnection(values["state-directory"], values.stage);

const tell = (line: string): void => console.log(line);

const operator = (values: Arguments["values"]): Api => new Api(operatorConnection(values["state-directory"]));

function theOne(rest: readonly string[], what: string): string {
  const [id, ...more] = rest;
  if (id === undefined || more.length > 0) throw new Refusal(`this command needs one ${what}\n\n${usage}`);
  return id;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help || positionals.length === 0) return tell(usage);
  const [noun = "", verb = "", ...rest] = positionals;
  const name = `${noun} ${verb}`.trim();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new Refusal(`there is no command "${name}"\n\n${usage}`);
  tell(await command({ values, rest }));
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});

import { type Against, Finance, type Obstacle } from "#adapters/books/finance.ts";
import { withBooks } from "./books-pool.ts";
import { dayIn, today } from "./days.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

export interface ClosingOptions {
  readonly "up-to"?: string | undefined;
  readonly by?: string | undefined;
  readonly anyway?: string | undefined;
}

const obstacles: Readonly<Record<Obstacle, string>> = {
  books_behind: "the day ended less than an hour ago: the books may be behind",
  open_breaks: "open breaks of those days: `breaks list`",
  unknown_movements: "lines of acquirers that the books do not know: breaks within an hour",
  parked_records: "records that the books refused since the last closing: books.parked",
  unread_files: "acquirers' files that were not read to their end: `settlement files`",
  cut_files: "files since the last closing that ended in a flaw: `settlement files`",
  journal_files_waiting: "files of the journal that the books may not have yet",
  journal_files_given_up: "files of the journal that were given up: docs/runbooks/inbound-files.md",
  journal_not_looked_at: "nobody looked whether files of the journal wait: name their --stage",
};

/** PostgreSQL's code for what books.close refuses. */
const checkViolation = "23514";

/**
 * Closes all bookkeeping up to a day, and says what stood against it.
 * @param journal what the journal's queue still holds for the books
 * @throws Refusal when something stands against it and nobody says why it is closed anyway; when the day is not over, or
 * closed already
 */
export async function closePeriod(
  url: string,
  journal: () => Promise<readonly Against[]>,
  { "up-to": upTo, by, anyway }: ClosingOptions,
): Promise<string> {
  if (upTo === undefined) throw new Refusal("say up to which day: --up-to 2026-10-31");
  if (by === undefined || by === "") throw new Refusal("say who you are: --by lee");
  if (anyway === "") throw new Refusal('say why: --anyway "…"');
  const day = dayIn("up-to", upTo);
  if (day >= today()) throw new Refusal(`the books are not closed: ${day} is not over yet`);
  return withBooks(url, async (pool) => {
    const finance = new Finance(pool);
    const besides = await journal();
    const against = [...(await finance.against(day)), ...besides];
    const stands = listOf(against);
    if (against.length > 0 && anyway === undefined)
      throw new Refusal(
        `the books are not closed up to ${day}. Against it stands:\n\n${stands}\n\nPut it right, or say why it is closed all the same: --anyway "…"`,
      );
    await finance.close(day, by, anyway, besides).catch((thrown: unknown) => {
      const { code, message } = thrown as { readonly code?: string; readonly message: string };
      if (code !== checkViolation) throw thrown;
      throw new Refusal(`the books are not closed: ${message}`, { cause: thrown });
    });
    const all = `the books are closed up to ${day}: what is recorded about those days from now on counts on ${dayAfter(day)}`;
    return against.length === 0 ? all : `Against it stood:\n\n${stands}\n\n${all}`;
  });
}

const listOf = (against: readonly Against[]): string =>
  table(
    ["HOW MANY", "WHAT"],
    against.map(({ what, items }) => [String(items), obstacles[what]]),
  );

const dayMs = 86_400_000;
const dayAfter = (day: string): string => new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);

/** All closings, the latest first: who closed what, and why where something stood against it. */
export const showClosings = (url: string): Promise<string> =>
  withBooks(url, async (pool) => {
    const closings = await new Finance(pool).closings();
    if (closings.length === 0)
      return "no period is closed: `books close --up-to <day> --by <who>` closes one";
    return table(
      ["UP TO", "CLOSED", "BY", "AGAINST IT", "ANYWAY"],
      closings.map(({ endsOn, at, who, against, anyway }) => [
        ...[endsOn, at.toISOString(), who],
        against.map(({ what, items }) => `${items} ${what}`).join(", "),
        anyway ?? "",
      ]),
    );
  });

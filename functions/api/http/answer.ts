/** What a handler answers. The body is text already: a replay must send the very same bytes. */
export interface Answer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json: string;
}

/** What a person's browser is answered. */
export interface Page {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

export const answer = (
  statusCode: number,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): Answer => ({ statusCode, json: toJson(body), ...(headers === undefined ? {} : { headers }) });

export const created = (body: unknown, headers?: Readonly<Record<string, string>>): Answer =>
  answer(201, body, headers);

export const found = (body: unknown, headers?: Readonly<Record<string, string>>): Answer =>
  answer(200, body, headers);

/** Of V8 since 11.4, and not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Sums of amounts may pass 2^53: they are written as the integers that they are, every digit. */
const toJson = (body: unknown): string =>
  JSON.stringify(body, (_key, value: unknown) =>
    typeof value === "bigint" ? rawJSON(value.toString()) : value,
  );

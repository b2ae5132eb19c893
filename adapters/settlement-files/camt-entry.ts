import { err, ok, type Result } from "#core/kernel/result.ts";
import { type BankMovement, bankMovementOf } from "#core/settlement/bank-movement.ts";
import { settlementLineOf } from "#core/settlement/judge.ts";
import { flawed, type LineKind, type Read } from "#core/settlement/line.ts";
import { keyOfShort } from "#core/settlement/short-key.ts";
import { type Amount, amountOf } from "./camt-amounts.ts";
import { allBelow, below, type Element, shownElement, textBelow } from "./elements.ts";

/** What is said once for all entries of a statement. */
export interface StatementHead {
  readonly id: string;
  /** Who says it: the account's servicer, where it is named. */
  readonly servicer: string;
  readonly account: string;
  /** Of the account, or of its balance; empty where neither is said. */
  readonly currency: string;
  /** Since version 7 of the message, `Sts` holds a code and is none itself. */
  readonly hasStatusCode: boolean;
}

/** One payment of an entry (`TxDtls`), as far as a line needs it. */
export interface Part {
  /** Undefined where it is the entry's. */
  readonly amount: Result<Amount, string> | undefined;
  readonly reference: string;
  readonly operationKey: string;
  readonly transaction: string;
  readonly code: Code | undefined;
  readonly costs: Result<bigint, string>;
  readonly words: Words;
}

/** What is said of it for people. */
interface Words {
  readonly remittance: string;
  readonly debtor: string;
  readonly creditor: string;
}

/** What a part of an entry says, as one of the kinds of lines. */
export type ShareReader<Line> = (
  share: Share,
  entry: Element,
  head: StatementHead,
  place: number,
) => Read<Line>;

interface Code {
  readonly domain: string;
  readonly family: string;
  readonly subFamily: string;
  readonly issuer: string;
}

/** What an entry came to. */
export interface EntryRead<Line> {
  readonly reads: readonly Read<Line>[];
  /** Minor units, in the statement's balance; undefined when that could not be read. */
  readonly signed: bigint | undefined;
}

/** Bank transaction codes of the domain PMNT, family MCRD (merchant card transactions), from ISO 20022's external code sets. */
const cardKinds: Readonly<Record<string, LineKind>> = {
  POSC: "capture",
  DAJT: "refund",
  UPCT: "chargeback",
  CAJT: "chargeback_reversal",
};

/** What a bank writes where nobody gave an id. */
const notProvided = "NOTPROVIDED";

export function headOf(statement: Element, version: number): StatementHead {
  const account = below(statement, "Acct");
  const servicer = below(account, "Svcr", "FinInstnId");
  return {
    id: textBelow(statement, "Id"),
    servicer: textBelow(servicer, "BICFI") || textBelow(servicer, "BIC") || textBelow(servicer, "Nm"),
    account: textBelow(account, "Id", "IBAN") || textBelow(account, "Id", "Othr", "Id"),
    currency: textBelow(account, "Ccy") || (below(statement, "Bal", "Amt")?.currency ?? ""),
    hasStatusCode: version >= 7,
  };
}

/** @param entryIndicator whether its entry is credited or debited: the part says so itself since version 3 only */
export function partOf(details: Element, entryIndicator: string): Part {
  const indicator = textBelow(details, "CdtDbtInd") || entryIndicator;
  const amount = below(details, "Amt") ?? below(details, "AmtDtls", "TxAmt", "Amt");
  const endToEnd = textBelow(details, "Refs", "EndToEndId");
  return {
    amount: amount && amountOf(amount, indicator),
    reference: textBelow(details, "Refs", "AcctSvcrRef"),
    operationKey: endToEnd === notProvided ? "" : keyOfShort(endToEnd),
    transaction: textBelow(details, "Refs", "TxId"),
    code: codeOf(details),
    costs: includedCosts(details),
    words: wordsOf(details),
  };
}

/**
 * An entry's lines: one, or of a batch one for each part, which must add up to the entry.
 * @param parts undefined when there were more than are kept
 */
export function readEntry<Line>(
  entry: Element,
  parts: readonly Part[] | undefined,
  head: StatementHead,
  place: number,
  readShare: ShareReader<Line>,
): EntryRead<Line> {
  const flaw = (reason: string, signed?: bigint): EntryRead<Line> => ({
    reads: [flawed(place, reason, shownElement(entry))],
    signed,
  });
  const status = textBelow(entry, ...(head.hasStatusCode ? ["Sts", "Cd"] : ["Sts"]));
  // Balances are of what is booked: what is pending counts for nothing there.
  if (status !== "BOOK") return flaw(`the entry is not booked (BOOK), but "${status.slice(0, 40)}"`, 0n);
  const amount = amountOf(below(entry, "Amt"), textBelow(entry, "CdtDbtInd"));
  if (!amount.ok) return flaw(amount.error);
  const { currency, signed } = amount.value;
  if (head.currency !== "" && currency !== head.currency)
    return flaw(`the entry is in ${currency}, and its account in ${head.currency}`);
  if (parts === undefined) return flaw("the entry has more parts than are read", signed);
  const shares = sharesOf(entry, parts, amount.value);
  if (!shares.ok) return flaw(shares.error, signed);
  const reads = shares.value.map((share) => readShare(share, entry, head, place));
  return { reads, signed };
}

export interface Share extends Omit<Part, "amount" | "costs"> {
  readonly amount: Amount;
  readonly cost: bigint;
}

function sharesOf(entry: Element, parts: readonly Part[], whole: Amount): Result<readonly Share[], string> {
  const costs = includedCosts(entry);
  if (!costs.ok) return costs;
  if (parts.length > 1 && costs.value !== 0n)
    return err("the entry's charges are in its amount, and belong to none of its parts");
  const shares: Share[] = [];
  for (const part of parts.length > 0 ? parts : [partOf(entry, "")]) {
    // A payment in another currency was exchanged: what is booked is the entry's.
    const isForeign = part.amount?.ok === true && part.amount.value.currency !== whole.currency;
    const isWhole = part.amount === undefined || parts.length === 0 || isForeign;
    if (isWhole && parts.length > 1) return err(`a part of the entry has no amount in ${whole.currency}`);
    const amount = isWhole || part.amount === undefined ? ok(whole) : part.amount;
    if (!amount.ok) return err(`a part of the entry: ${amount.error}`);
    if (!part.costs.ok) return part.costs;
    shares.push({ ...part, amount: amount.value, cost: part.costs.value || costs.value });
  }
  const sum = shares.reduce((total, { amount }) => total + amount.signed, 0n);
  return sum === whole.signed
    ? ok(shares)
    : err(`the parts of the entry come to ${sum} minor units, and the entry to ${whole.signed}`);
}

/** As a movement that an acquirer settles. */
export function settlementShare(share: Share, entry: Element, head: StatementHead, place: number): Read {
  const code = share.code ?? codeOf(entry);
  const kind = kindOf(code);
  if (kind === undefined) {
    const said = code?.domain ? `${code.domain}/${code.family}/${code.subFamily}` : "no code of ISO 20022";
    return flawed(place, `the entry is no movement of cards: it has ${said}`, shownElement(entry));
  }
  const isCost = kind === "cost";
  const isDispute = kind === "chargeback" || kind === "chargeback_reversal";
  const { signed, currency } = share.amount;
  const cost = isCost ? -signed : share.cost;
  // A day's cost is not a movement of its own at the acquirer, and has no reference there.
  const ownReference = isCost ? `${head.id}/${place}` : "";
  const booked = below(entry, "BookgDt");
  const line = settlementLineOf(
    {
      ...{ kind, merchant: "", currency, operationKey: share.operationKey },
      settledOn: dayOf(below(entry, "ValDt")) || dayOf(booked),
      acquirer: head.servicer || (code?.issuer ?? "") || head.account,
      reference: share.reference || textBelow(entry, "AcctSvcrRef") || ownReference,
      dispute: isDispute ? share.transaction : "",
      ...{ gross: `${signed + cost}`, cost: `${cost}`, net: `${signed}` },
      occurredAt: zoned(textBelow(booked, "DtTm")) ?? "",
    },
    place,
  );
  return line.ok ? { ok: true, line: line.value } : flawed(place, line.error, shownElement(entry));
}

/** As an entry of our own account at a bank. */
export function bankShare(share: Share, entry: Element, _: StatementHead, place: number): Read<BankMovement> {
  const { remittance, debtor, creditor } = share.words;
  const { currency, signed } = share.amount;
  const movement = bankMovementOf(
    {
      ...{ reference: share.reference || textBelow(entry, "AcctSvcrRef"), currency, amount: signed },
      ...{ bookedOn: dayOf(below(entry, "BookgDt")), party: signed < 0n ? creditor : debtor },
      words: [remittance, textBelow(entry, "AddtlNtryInf")].filter((each) => each !== "").join(" "),
    },
    place,
  );
  return movement.ok
    ? { ok: true, line: movement.value }
    : flawed(place, movement.error, shownElement(entry));
}

function wordsOf(details: Element): Words {
  const [remittance, parties] = [below(details, "RmtInf"), below(details, "RltdPties")];
  // Since version 8 of the message a party is one of two kinds.
  const name = (party: string) => textBelow(parties, party, "Pty", "Nm") || textBelow(parties, party, "Nm");
  return {
    remittance: allBelow(remittance, "Ustrd")
      .map(({ text }) => text)
      .join(" "),
    ...{ debtor: name("Dbtr"), creditor: name("Cdtr") },
  };
}

function codeOf(element: Element): Code | undefined {
  const code = below(element, "BkTxCd");
  if (code === undefined) return undefined;
  return {
    domain: textBelow(code, "Domn", "Cd"),
    family: textBelow(code, "Domn", "Fmly", "Cd"),
    subFamily: textBelow(code, "Domn", "Fmly", "SubFmlyCd"),
    issuer: textBelow(code, "Prtry", "Issr"),
  };
}

function kindOf(code: Code | undefined): LineKind | undefined {
  if (code?.subFamily === "CHRG") return "cost";
  return code?.domain === "PMNT" && code.family === "MCRD" ? cardKinds[code.subFamily] : undefined;
}

/**
 * Charges that are in the amount beside them, in minor units. What is not in it is an entry of its own, later or in
 * another statement, and is counted there.
 */
function includedCosts(element: Element): Result<bigint, string> {
  let sum = 0n;
  for (const record of allBelow(below(element, "Chrgs"), "Rcrd")) {
    if (!["true", "1"].includes(textBelow(record, "ChrgInclInd"))) continue;
    const charge = amountOf(below(record, "Amt"), textBelow(record, "CdtDbtInd") || "DBIT");
    if (!charge.ok) return err(`a charge: ${charge.error}`);
    sum -= charge.value.signed;
  }
  return ok(sum);
}

/** A day, UTC. A moment without a zone is taken at its word; empty where nothing is said. */
function dayOf(date: Element | undefined): string {
  const moment = zoned(textBelow(date, "DtTm"));
  const at = moment === undefined ? Number.NaN : Date.parse(moment);
  if (!Number.isNaN(at)) return new Date(at).toISOString().slice(0, 10);
  return (textBelow(date, "Dt") || textBelow(date, "DtTm")).slice(0, 10);
}

/** @returns undefined for a moment without a zone: nobody knows when that was. */
const zoned = (moment: string): string | undefined =>
  /(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(moment) ? moment : undefined;

import { SaxesParser } from "saxes";

/*
 * What the schema of camt.053.001.08 says of the elements that our statements have: the order of children, which of them
 * are required (!) and may repeat (*), and what texts may be. Children that we never write are left out.
 */

const children: Readonly<Record<string, string>> = {
  Document: "BkToCstmrStmt!",
  BkToCstmrStmt: "GrpHdr! Stmt!*",
  GrpHdr: "MsgId! CreDtTm! MsgRcpt",
  MsgRcpt: "Nm",
  Stmt: "Id! ElctrncSeqNb CreDtTm FrToDt Acct! Bal!* TxsSummry Ntry* AddtlStmtInf",
  FrToDt: "FrDtTm! ToDtTm!",
  Acct: "Id! Tp Ccy Nm Ownr Svcr",
  "Acct/Id": "IBAN Othr",
  "Id/Othr": "Id! SchmeNm Issr",
  Ownr: "Nm PstlAdr Id",
  Svcr: "FinInstnId! BrnchId",
  FinInstnId: "BICFI ClrSysMmbId LEI Nm PstlAdr Othr",
  Bal: "Tp! CdtLine* Amt! CdtDbtInd! Dt! Avlbty*",
  "Bal/Tp": "CdOrPrtry! SubTp",
  CdOrPrtry: "Cd Prtry",
  "Bal/Dt": "Dt DtTm",
  TxsSummry: "TtlNtries TtlCdtNtries TtlDbtNtries",
  TtlCdtNtries: "NbOfNtries Sum",
  TtlDbtNtries: "NbOfNtries Sum",
  Ntry: "NtryRef Amt! CdtDbtInd! RvslInd Sts! BookgDt ValDt AcctSvcrRef Avlbty* BkTxCd! Chrgs NtryDtls* AddtlNtryInf",
  Sts: "Cd Prtry",
  BookgDt: "Dt DtTm",
  ValDt: "Dt DtTm",
  BkTxCd: "Domn Prtry",
  Domn: "Cd! Fmly!",
  Fmly: "Cd! SubFmlyCd!",
  "BkTxCd/Prtry": "Cd! Issr",
  NtryDtls: "Btch TxDtls*",
  TxDtls: "Refs Amt CdtDbtInd BkTxCd Chrgs RltdPties RmtInf AddtlTxInf",
  Refs: "MsgId AcctSvcrRef PmtInfId InstrId EndToEndId UETR TxId",
  Chrgs: "TtlChrgsAndTaxAmt Rcrd*",
  Rcrd: "Amt! CdtDbtInd ChrgInclInd Tp Rate Br Agt Tax",
};

const day = /^\d{4}-\d\d-\d\d$/;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;
const max = (count: number): RegExp => new RegExp(`^.{1,${count}}$`, "su");
/** 18 digits, five of them behind the point, and no sign. */
const amount = /^(?=(?:\.?\d){1,18}$)\d+(\.\d{1,5})?$/;

const texts: Readonly<Record<string, RegExp>> = {
  MsgId: max(35),
  "Stmt/Id": max(35),
  "Othr/Id": max(34),
  NtryRef: max(35),
  AcctSvcrRef: max(35),
  EndToEndId: max(35),
  TxId: max(35),
  AddtlNtryInf: max(500),
  "Acct/Nm": max(70),
  "Ownr/Nm": max(140),
  "MsgRcpt/Nm": max(140),
  "FinInstnId/Nm": max(140),
  CreDtTm: moment,
  FrDtTm: moment,
  ToDtTm: moment,
  "Dt/Dt": day,
  "BookgDt/Dt": day,
  "BookgDt/DtTm": moment,
  "ValDt/Dt": day,
  Ccy: /^[A-Z]{3}$/,
  Amt: amount,
  TtlChrgsAndTaxAmt: amount,
  ChrgInclInd: /^(true|false)$/,
  CdtDbtInd: /^(CRDT|DBIT)$/,
  NbOfNtries: /^\d{1,15}$/,
  Sum: amount,
  "CdOrPrtry/Cd": max(4),
  "Sts/Cd": max(4),
  "Domn/Cd": max(4),
  "Fmly/Cd": max(4),
  SubFmlyCd: max(4),
  "Prtry/Cd": max(35),
  Issr: max(35),
};

/** What of a document the schema does not have, each with its place. */
export function schemaFaults(xml: string): readonly string[] {
  const faults: string[] = [];
  const open: { readonly name: string; readonly children: string[]; text: string }[] = [];
  const of = <T>(table: Readonly<Record<string, T>>): T | undefined =>
    table[`${open.at(-2)?.name}/${open.at(-1)?.name}`] ?? table[open.at(-1)?.name ?? ""];
  const parser = new SaxesParser({ xmlns: true });
  parser.on("opentag", ({ local, attributes }) => {
    open.at(-1)?.children.push(local);
    open.push({ name: local, children: [], text: "" });
    if (local.endsWith("Amt") !== "Ccy" in attributes) faults.push(`${local}: its currency`);
  });
  parser.on("text", (text) => {
    const here = open.at(-1);
    if (here !== undefined) here.text += text;
  });
  parser.on("closetag", () => {
    const path = open.map(({ name }) => name).join("/");
    const here = open.at(-1);
    const [sequence, pattern] = [of(children), of(texts)];
    if (sequence !== undefined) faults.push(...outOfOrder(sequence, here?.children ?? [], path));
    else if (pattern === undefined) faults.push(`${path}: is not known`);
    else if (!pattern.test(here?.text ?? "")) faults.push(`${path}: "${here?.text}"`);
    open.pop();
  });
  parser.write(xml).close();
  return faults;
}

function outOfOrder(sequence: string, found: readonly string[], path: string): readonly string[] {
  const words = sequence.split(" ");
  const names = words.map((word) => word.replace(/[!*]/g, ""));
  const places = found.map((name) => names.indexOf(name));
  return [
    ...found.filter((name) => !names.includes(name)).map((name) => `${path}: has ${name}`),
    ...found.slice(1).flatMap((name, at) => {
      const [before = 0, here = 0] = [places[at], places[at + 1]];
      const isRepeated = here === before && words[here]?.endsWith("*") === false;
      return here < before || isRepeated ? [`${path}: ${name} behind ${found[at]}`] : [];
    }),
    ...words
      .filter((word, at) => word.includes("!") && !found.includes(names[at] ?? ""))
      .map((word) => `${path}: lacks ${word}`),
  ];
}

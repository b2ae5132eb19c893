import { describe, expect, it } from "vitest";
import { schemaFaults } from "#tests/support/camt-schema.ts";
import { linesOf, readFile } from "#tests/support/settlement-files.ts";
import { camt053Of } from "./camt053.ts";
import type { Movement } from "./records.ts";
import { type Statement, totalsOf } from "./statement.ts";

const noon = Date.UTC(2030, 5, 15, 12);
const capture: Movement = {
  kind: "capture",
  key: "pay_x:capture:1",
  reference: "alpha_1",
  merchant: "mer_demo",
  amount: 1_234,
  currency: "EUR",
  cost: 2,
  at: noon,
  ordinal: 1,
};

function xmlOf(movements: readonly Movement[], currency: string): string {
  const statement: Statement = { acquirer: "alpha", date: "2030-06-15", closedAt: noon + 1_000, movements };
  const total = totalsOf(movements).find((candidate) => candidate.currency === currency);
  if (total === undefined) throw new Error(`nothing moved in ${currency}`);
  return camt053Of(statement, total);
}

/** The texts of all elements of this name, attributes included, in order. */
const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?: ([^>]*))?>([^<]*)</${name}>`, "g"))].map(([, attributes, text]) =>
    attributes === undefined ? `${text}` : `${attributes} ${text}`,
  );

describe("a camt.053 statement", () => {
  it("of one capture is this, and its cost an entry of its own", () => {
    expect(xmlOf([capture], "EUR")).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
  <BkToCstmrStmt>
    <GrpHdr>
      <MsgId>alpha-2030-06-15-EUR</MsgId>
      <CreDtTm>2030-06-15T12:00:01.000Z</CreDtTm>
    </GrpHdr>
    <Stmt>
      <Id>alpha-2030-06-15-EUR</Id>
      <CreDtTm>2030-06-15T12:00:01.000Z</CreDtTm>
      <Acct>
        <Id>
          <Othr>
            <Id>alpha-EUR</Id>
          </Othr>
        </Id>
        <Ccy>EUR</Ccy>
      </Acct>
      <Bal>
        <Tp>
          <CdOrPrtry>
            <Cd>OPBD</Cd>
          </CdOrPrtry>
        </Tp>
        <Amt Ccy="EUR">0.00</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Dt>
          <Dt>2030-06-15</Dt>
        </Dt>
      </Bal>
      <Bal>
        <Tp>
          <CdOrPrtry>
            <Cd>CLBD</Cd>
          </CdOrPrtry>
        </Tp>
        <Amt Ccy="EUR">12.32</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Dt>
          <Dt>2030-06-15</Dt>
        </Dt>
      </Bal>
      <TxsSummry>
        <TtlCdtNtries>
          <NbOfNtries>1</NbOfNtries>
          <Sum>12.34</Sum>
        </TtlCdtNtries>
        <TtlDbtNtries>
          <NbOfNtries>1</NbOfNtries>
          <Sum>0.02</Sum>
        </TtlDbtNtries>
      </TxsSummry>
      <Ntry>
        <NtryRef>1</NtryRef>
        <Amt Ccy="EUR">12.34</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Sts>
          <Cd>BOOK</Cd>
        </Sts>
        <BookgDt>
          <DtTm>2030-06-15T12:00:00.000Z</DtTm>
        </BookgDt>
        <ValDt>
          <Dt>2030-06-15</Dt>
        </ValDt>
        <AcctSvcrRef>alpha_1</AcctSvcrRef>
        <BkTxCd>
          <Domn>
            <Cd>PMNT</Cd>
            <Fmly>
              <Cd>MCRD</Cd>
              <SubFmlyCd>POSC</SubFmlyCd>
            </Fmly>
          </Domn>
          <Prtry>
            <Cd>capture</Cd>
            <Issr>alpha</Issr>
          </Prtry>
        </BkTxCd>
        <NtryDtls>
          <TxDtls>
            <Refs>
              <AcctSvcrRef>alpha_1</AcctSvcrRef>
              <EndToEndId>pay_x:capture:1</EndToEndId>
            </Refs>
            <Amt Ccy="EUR">12.34</Amt>
            <CdtDbtInd>CRDT</CdtDbtInd>
            <Chrgs>
              <TtlChrgsAndTaxAmt Ccy="EUR">0.02</TtlChrgsAndTaxAmt>
              <Rcrd>
                <Amt Ccy="EUR">0.02</Amt>
                <CdtDbtInd>DBIT</CdtDbtInd>
                <ChrgInclInd>false</ChrgInclInd>
              </Rcrd>
            </Chrgs>
          </TxDtls>
        </NtryDtls>
      </Ntry>
      <Ntry>
        <NtryRef>2</NtryRef>
        <Amt Ccy="EUR">0.02</Amt>
        <CdtDbtInd>DBIT</CdtDbtInd>
        <Sts>
          <Cd>BOOK</Cd>
        </Sts>
        <BookgDt>
          <Dt>2030-06-15</Dt>
        </BookgDt>
        <ValDt>
          <Dt>2030-06-15</Dt>
        </ValDt>
        <BkTxCd>
          <Domn>
            <Cd>PMNT</Cd>
            <Fmly>
              <Cd>MCRD</Cd>
              <SubFmlyCd>CHRG</SubFmlyCd>
            </Fmly>
          </Domn>
          <Prtry>
            <Cd>cost</Cd>
            <Issr>alpha</Issr>
          </Prtry>
        </BkTxCd>
      </Ntry>
    </Stmt>
  </BkToCstmrStmt>
</Document>
`);
  });

  it.each([
    ["JPY", "1234"],
    ["EUR", "12.34"],
    ["KWD", "1.234"],
  ])("writes 1234 minor units of %s as %s", (currency, amount) => {
    const xml = xmlOf([{ ...capture, currency, cost: 0 }], currency);
    expect(new Set(textsOf(xml, "Amt").slice(1))).toEqual(new Set([`Ccy="${currency}" ${amount}`]));
  });

  it("holds one currency's movements only, with the signs that the client sees", () => {
    const movements: Movement[] = [
      { ...capture, cost: 0 },
      { ...capture, currency: "USD" },
      { ...capture, kind: "refund", key: "r", amount: 1_000, cost: 0 },
      { ...capture, kind: "chargeback", dispute: "dsp_1", amount: 500, cost: 0 },
      { ...capture, kind: "chargeback_reversal", dispute: "dsp_1", amount: 200, cost: 0 },
    ];
    const xml = xmlOf(movements, "EUR");
    expect(textsOf(xml, "EndToEndId")).toEqual([capture.key, "r", capture.key, capture.key]);
    expect(textsOf(xml, "SubFmlyCd")).toEqual(["POSC", "DAJT", "UPCT", "CAJT"]);
    expect(textsOf(xml, "TxId")).toEqual(["dsp_1", "dsp_1"]);
    expect(textsOf(xml, "Sum")).toEqual(["14.34", "15.00"]);
    expect([textsOf(xml, "Amt")[1], textsOf(xml, "CdtDbtInd")[1]]).toEqual(['Ccy="EUR" 0.66', "DBIT"]);
  });

  it("holds to ISO's schema with keys as we send them, and is read with the same keys", async () => {
    const payment = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9";
    const kept = { ...capture, key: `${payment}:capture:1`, reference: `alpha_${"r".repeat(26)}` };
    const movements: Movement[] = [
      kept,
      { ...kept, kind: "refund", key: `${payment}:refund:12`, amount: 1_000, cost: 0 },
      { ...kept, kind: "chargeback", dispute: "dsp_9b9tk4vw5fsbzwtrhqmn4dx7x9", amount: 500, cost: 0 },
      { ...kept, kind: "chargeback_reversal", dispute: "dsp_9b9tk4vw5fsbzwtrhqmn4dx7x9", amount: 200 },
    ];
    const xml = xmlOf(movements, "EUR");
    expect(schemaFaults(xml)).toEqual([]);
    const lines = linesOf(await readFile("alpha.camt053.xml", xml));
    expect(lines.flatMap(({ kind, operationKey }) => (kind === "cost" ? [] : [operationKey]))).toEqual(
      movements.map(({ key }) => key),
    );
  });

  it("says no key that it would have to cut", () => {
    const xml = xmlOf([{ ...capture, key: "k".repeat(36) }], "EUR");
    expect(textsOf(xml, "EndToEndId")).toEqual(["NOTPROVIDED"]);
  });

  it("stays well-formed whatever a key holds", () => {
    const xml = xmlOf([{ ...capture, key: `<&>"'` }], "EUR");
    expect(textsOf(xml, "EndToEndId")).toEqual(["&lt;&amp;&gt;&quot;&#39;"]);
  });
});

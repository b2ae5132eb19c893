/** Parts of ISO 20022 statements, written by hand: what the sandbox does not write. */

/** One entry of a statement as version 8 has it; `more` is put behind its amount and sign. */
export function entryOf(amount: string, indicator: string, more = ""): string {
  return `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${indicator}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
    <ValDt><Dt>2030-06-15</Dt></ValDt><AcctSvcrRef>ref</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MCRD</Cd><SubFmlyCd>POSC</SubFmlyCd></Fmly></Domn></BkTxCd>${more}</Ntry>`;
}

/** `OPBD` opens a statement, `CLBD` closes it. */
export const balance = (code: string, amount: string, indicator = "CRDT"): string =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${indicator}</CdtDbtInd></Bal>`;

const account = "<Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>";

/** Statements (camt.053.001.08) of an account in euros, with this in them. */
export const documentOf = (...statements: readonly string[]): string =>
  `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>${statements
    .map((inner) => `<Stmt><Id>s</Id>${account}${inner}</Stmt>`)
    .join("")}</BkToCstmrStmt></Document>`;

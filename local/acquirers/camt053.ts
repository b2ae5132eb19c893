import type { Currency } from "#core/money/currency.ts";
import { formatMoney, money } from "#core/money/money.ts";
import { escaped } from "./markup.ts";
import type { Movement } from "./records.ts";
import { grossOf, type Statement, type Total } from "./statement.ts";

/*
 * ISO 20022 camt.053.001.08, BankToCustomerStatement. Element order is the schema's. Amounts are gross, one entry for
 * each movement; the day's cost is the last entry, and `Chrgs` says what each movement adds to it.
 */

type Content = string | readonly Element[];
type Element = readonly [name: string, content: Content, currency?: string];

/** Bank transaction codes of the domain PMNT, family MCRD (merchant card transactions). */
const subFamilies = {
  capture: "POSC",
  refund: "DAJT",
  chargeback: "UPCT",
  chargeback_reversal: "CAJT",
  cost: "CHRG",
} as const;

export function camt053Of(statement: Statement, total: Total): string {
  const { acquirer, date, closedAt } = statement;
  const { currency } = total;
  const id = `${acquirer}-${date}-${currency}`;
  const createdAt = new Date(closedAt).toISOString();
  const movements = statement.movements.filter((movement) => movement.currency === currency);
  const entries = [
    ...movements.map((movement, index) => entryOf(movement, `${index + 1}`, statement)),
    ...(total.cost === 0n ? [] : [costEntryOf(total, `${movements.length + 1}`, statement)]),
  ];
  const document: Element = [
    "BkToCstmrStmt",
    [
      [
        "GrpHdr",
        [
          ["MsgId", id],
          ["CreDtTm", createdAt],
        ],
      ],
      [
        "Stmt",
        [
          ["Id", id],
          ["CreDtTm", createdAt],
          [
            "Acct",
            [
              ["Id", [["Othr", [["Id", `${acquirer}-${currency}`]]]]],
              ["Ccy", currency],
            ],
          ],
          balanceOf("OPBD", 0n, statement, currency),
          balanceOf("CLBD", total.net, statement, currency),
          ["TxsSummry", summaryOf(movements, total)],
          ...entries,
        ],
      ],
    ],
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
${render(document, 1)}</Document>
`;
}

function entryOf(movement: Movement, ordinal: string, { acquirer, date }: Statement): Element {
  const { key, reference, dispute, kind, currency, cost } = movement;
  const signed = signedAmount(BigInt(grossOf(movement)), currency);
  const charges: readonly Element[] =
    cost === 0
      ? []
      : [
          [
            "Chrgs",
            [
              amountOf("TtlChrgsAndTaxAmt", BigInt(cost), currency),
              // Not in the entry's amount: it is booked once for the day.
              ["Rcrd", [...signedAmount(BigInt(-cost), currency), ["ChrgInclInd", "false"]]],
            ],
          ],
        ];
  return [
    "Ntry",
    [
      ["NtryRef", ordinal],
      ...signed,
      ["Sts", [["Cd", "BOOK"]]],
      ["BookgDt", [["DtTm", new Date(movement.at).toISOString()]]],
      ["ValDt", [["Dt", date]]],
      ["AcctSvcrRef", reference],
      codeOf(kind, acquirer),
      [
        "NtryDtls",
        [
          [
            "TxDtls",
            [
              [
                "Refs",
                [
                  ["AcctSvcrRef", reference],
                  ["EndToEndId", key],
                  ...(dispute === undefined ? [] : [["TxId", dispute] as const]),
                ],
              ],
              ...signed,
              ...charges,
            ],
          ],
        ],
      ],
    ],
  ];
}

const costEntryOf = ({ cost, currency }: Total, ordinal: string, { acquirer, date }: Statement): Element => [
  "Ntry",
  [
    ["NtryRef", ordinal],
    ...signedAmount(-cost, currency),
    ["Sts", [["Cd", "BOOK"]]],
    ["BookgDt", [["Dt", date]]],
    ["ValDt", [["Dt", date]]],
    codeOf("cost", acquirer),
  ],
];

const codeOf = (kind: keyof typeof subFamilies, acquirer: string): Element => [
  "BkTxCd",
  [
    [
      "Domn",
      [
        ["Cd", "PMNT"],
        [
          "Fmly",
          [
            ["Cd", "MCRD"],
            ["SubFmlyCd", subFamilies[kind]],
          ],
        ],
      ],
    ],
    [
      "Prtry",
      [
        ["Cd", kind],
        ["Issr", acquirer],
      ],
    ],
  ],
];

const balanceOf = (code: string, amount: bigint, { date }: Statement, currency: string): Element => [
  "Bal",
  [["Tp", [["CdOrPrtry", [["Cd", code]]]]], ...signedAmount(amount, currency), ["Dt", [["Dt", date]]]],
];

function summaryOf(movements: readonly Movement[], { cost, currency }: Total): readonly Element[] {
  const booked = [...movements.map((movement) => BigInt(grossOf(movement))), ...(cost === 0n ? [] : [-cost])];
  const side = (name: string, amounts: readonly bigint[]): Element => [
    name,
    [
      ["NbOfNtries", `${amounts.length}`],
      [
        "Sum",
        decimalOf(
          amounts.reduce((sum, amount) => sum + absolute(amount), 0n),
          currency,
        ),
      ],
    ],
  ];
  return [
    side(
      "TtlCdtNtries",
      booked.filter((amount) => amount >= 0n),
    ),
    side(
      "TtlDbtNtries",
      booked.filter((amount) => amount < 0n),
    ),
  ];
}

const signedAmount = (amount: bigint, currency: string): readonly [Element, Element] => [
  amountOf("Amt", absolute(amount), currency),
  ["CdtDbtInd", amount < 0n ? "DBIT" : "CRDT"],
];

const amountOf = (name: string, amount: bigint, currency: string): Element => [
  name,
  decimalOf(amount, currency),
  currency,
];

const absolute = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** `12.30`: with as many decimals as ISO 4217 gives the currency. */
function decimalOf(amount: bigint, currency: string): string {
  const [decimal = ""] = formatMoney(money(amount, currency as Currency)).split(" ");
  return decimal;
}

function render([name, content, currency]: Element, depth: number): string {
  const indent = "  ".repeat(depth);
  const attribute = currency === undefined ? "" : ` Ccy="${escaped(currency)}"`;
  return typeof content === "string"
    ? `${indent}<${name}${attribute}>${escaped(content)}</${name}>\n`
    : `${indent}<${name}>\n${content.map((child) => render(child, depth + 1)).join("")}${indent}</${name}>\n`;
}

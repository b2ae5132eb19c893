import {
  absolute,
  amountElement,
  balanceElement,
  decimalOf,
  type Element,
  rendered,
  signedAmount,
} from "#adapters/statements/elements.ts";
import { shortKeyOf } from "#core/settlement/short-key.ts";
import type { Movement } from "./records.ts";
import { grossOf, type Statement, type Total } from "./statement.ts";

/*
 * ISO 20022 camt.053.001.08, BankToCustomerStatement. Element order is the schema's. Amounts are gross, one entry for
 * each movement; the day's cost is the last entry, and `Chrgs` says what each movement adds to it.
 */

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
          balanceElement("OPBD", 0n, date, currency),
          balanceElement("CLBD", total.net, date, currency),
          ["TxsSummry", summaryOf(movements, total)],
          ...entries,
        ],
      ],
    ],
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
${rendered(document, 1)}</Document>
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
              amountElement("TtlChrgsAndTaxAmt", BigInt(cost), currency),
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
                  ["EndToEndId", shortKeyOf(key) ?? "NOTPROVIDED"],
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

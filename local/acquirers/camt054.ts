import { type Element, rendered, signedAmount } from "#adapters/statements/elements.ts";
import type { SettlementFile } from "./settlement-files.ts";
import { type Statement, type Total, totalsOf } from "./statement.ts";

/*
 * ISO 20022 camt.054.001.08, BankToCustomerDebitCreditNotification: what the client's bank tells of an acquirer's payout.
 * Element order is the schema's.
 */

/**
 * A notification for each currency in which a closed day comes to something: one credit; a debit where the client owes
 * the acquirer. Always the same for a day: it is booked when that was closed, under one reference.
 */
export const notificationsOf = (statement: Statement): readonly SettlementFile[] =>
  totalsOf(statement.movements)
    .filter(({ net }) => net !== 0n)
    .map((total) => ({
      name: `${idOf(statement, total)}.camt054.xml`,
      contentType: "application/xml",
      content: camt054Of(statement, total),
    }));

const idOf = ({ acquirer, date }: Statement, { currency }: Total): string =>
  `${acquirer}-${date}-${currency}`;

function camt054Of(statement: Statement, total: Total): string {
  const { acquirer, date, closedAt } = statement;
  const { currency, net } = total;
  const id = idOf(statement, total);
  const createdAt = new Date(closedAt).toISOString();
  const bookedOn = createdAt.slice(0, 10);
  const signed = signedAmount(net, currency);
  const document: Element = [
    "BkToCstmrDbtCdtNtfctn",
    [
      [
        "GrpHdr",
        [
          ["MsgId", id],
          ["CreDtTm", createdAt],
        ],
      ],
      [
        "Ntfctn",
        [
          ["Id", id],
          ["CreDtTm", createdAt],
          [
            "Acct",
            [
              ["Id", [["Othr", [["Id", `tallystick-${currency}`]]]]],
              ["Ccy", currency],
            ],
          ],
          [
            "Ntry",
            [
              ["NtryRef", "1"],
              ...signed,
              ["Sts", [["Cd", "BOOK"]]],
              ["BookgDt", [["Dt", bookedOn]]],
              ["ValDt", [["Dt", bookedOn]]],
              ["AcctSvcrRef", `bank-${id}`],
              // Credit transfers that are received, and direct debits that are.
              [
                "BkTxCd",
                [
                  [
                    "Domn",
                    [
                      ["Cd", "PMNT"],
                      [
                        "Fmly",
                        [
                          ["Cd", net < 0n ? "RDDT" : "RCDT"],
                          ["SubFmlyCd", "OTHR"],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
              [
                "NtryDtls",
                [
                  [
                    "TxDtls",
                    [
                      [
                        "Refs",
                        [
                          ["AcctSvcrRef", `bank-${id}`],
                          ["EndToEndId", id],
                        ],
                      ],
                      ...signed,
                      ["RltdPties", [[net < 0n ? "Cdtr" : "Dbtr", [["Pty", [["Nm", acquirer]]]]]]],
                      ["RmtInf", [["Ustrd", `${acquirer} ${date}`]]],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ],
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
${rendered(document, 1)}</Document>
`;
}

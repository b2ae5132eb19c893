import type { Standard } from "./page.ts";
import { pciHeads, pciRows } from "./pci/pci.ts";
import { soc2Heads, soc2Rows } from "./soc2/soc2.ts";

export const standards: readonly Standard[] = [
  {
    file: "docs/evidence/pci-dss.md",
    title: "PCI DSS 4.0.1: what shows each requirement",
    intro: `Requirements 1 to 12 and Appendix A1, each by its number. Appendices A2 (old TLS at terminals) and A3 (entities that a card
brand has designated) are left out. The system is judged as a service provider's, which processes for merchants. It is no
assessment: an assessor wants to see what was deployed, and how people work with it. [The plan of penetration
tests](../penetration-test.md) is what requirement 11.4 refers to; [SOC 2](soc2.md) has a page of its own.`,
    heads: pciHeads,
    rows: pciRows,
  },
  {
    file: "docs/evidence/soc2.md",
    title: "SOC 2: what shows each criterion",
    intro: `The Trust Services Criteria of 2017, as the points of focus of 2022 explain them: the common criteria, availability,
confidentiality and processing integrity. Privacy is not claimed. A report is about a company, and of type 2 about months
of its work: here is what the system gives it. [PCI DSS](pci-dss.md) has a page of its own, which goes into more detail.`,
    heads: soc2Heads,
    rows: soc2Rows,
  },
];

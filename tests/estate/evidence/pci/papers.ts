import { company, type Row } from "../row.ts";

/** Each requirement but the last begins with these two. */
export const papers = (requirement: number, about: string): readonly Row[] => [
  company(
    `${requirement}.1.1`,
    `Policies and procedures on ${about} are written, current, used and known.`,
    "the policies; docs/decisions says what was decided in code, and is no policy",
  ),
  company(
    `${requirement}.1.2`,
    `Who does what about ${about} is assigned and understood.`,
    "names, and that they know",
  ),
];

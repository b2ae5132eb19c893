/**
 * What is a company's own: whoever deploys changes this file and the acquirers in settings.ts. The values here are
 * examples: the account numbers are those of AWS's documentation, the domain is reserved by RFC 2606. A deployment with
 * them is refused (`refuseToDeploy`).
 */
export interface Company {
  /** Where customers find it. The API of production is at `api.<domain>`. */
  readonly domain: string;
  /** AWS account numbers, 12 digits. One account per stage, so that no mistake in one reaches another. */
  readonly accounts: {
    readonly dev: string;
    readonly staging: string;
    readonly production: string;
    /** The organization's own account: it holds policies and no work. */
    readonly organization: string;
    /** Collects findings, and the copies of backups. */
    readonly security: string;
    /** Collects trails and logs: who may write them may not change them. */
    readonly logArchive: string;
  };
  /**
   * Mailbox of the accounts' root users: AWS wants an address per account, which is this with `+<account>` before the
   * @. Whoever reads it can take over all of them.
   */
  readonly rootMailbox: string;
  /** Whom AWS calls about abuse, outages and bills. Phone with its country code. */
  readonly contact: { readonly name: string; readonly title: string; readonly phone: string };
  /** Where the code is that pipelines deploy: `owner/name` at GitHub. */
  readonly repository: string;
  /** Who is told of alarms, by email. */
  readonly alarmAddress: string;
  /** AWS account of our bank, from which it leaves its statements. Undefined for a bank that leaves none. */
  readonly bankAccount: string | undefined;
}

export const company: Company = {
  domain: "tallystick.example",
  accounts: {
    dev: "111122223333",
    staging: "444455556666",
    production: "123456789012",
    organization: "555566667777",
    security: "777788889999",
    logArchive: "999988887777",
  },
  rootMailbox: "aws-root@tallystick.example",
  contact: { name: "Payments on call", title: "Head of payments", phone: "+31 20 555 0100" },
  repository: "tallystick-example/tallystick",
  alarmAddress: "payments-on-call@tallystick.example",
  bankAccount: "222233334444",
};

/**
 * Members that were there before the security account was made the administrator of anything: a service that enrols by
 * itself enrols only who comes later.
 */
export const earlierMembers = ["dev", "staging", "production", "logArchive"] as const;

/** The email address of a member account's root user. */
export function rootAddressOf(member: Exclude<keyof Company["accounts"], "organization">): string {
  const [mailbox, host] = company.rootMailbox.split("@");
  return `${mailbox}+${member}@${host}`;
}

/** Numbers that AWS's documentation uses: no account of anyone. Renders without AWS are made for these. */
const documentedAccounts: ReadonlySet<string> = new Set([
  "111122223333",
  "123456789012",
  "222233334444",
  "444455556666",
  "555566667777",
  "777788889999",
  "999988887777",
]);
/** Whether an account is nobody's, and so this is no deployment. */
export const isDocumented = (account: string): boolean => documentedAccounts.has(account);

const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const exampleDomain = /(^|\.)(example|test|invalid|example\.(com|net|org))$/;

/**
 * @param account whose the credentials of this deployment are.
 * @throws Error that says what to set, before anything is created: for another account than the stage's, and for a
 *   domain that is none or still the example, and for a bank that is the example.
 */
export function refuseToDeploy(stage: string, stageAccount: string, account: string): void {
  if (account !== stageAccount) {
    throw new Error(
      `These credentials are of account ${account}, and stage ${stage} belongs to account ${stageAccount}: ` +
        "use credentials of that account, or set accounts in stacks/company.ts.",
    );
  }
  if (!domainName.test(company.domain)) {
    throw new Error(
      `"${company.domain}" is no domain: set domain in stacks/company.ts to your own, as payments.example.com is written.`,
    );
  }
  if (!isDocumented(account) && exampleDomain.test(company.domain)) {
    throw new Error(`${company.domain} is the example: set domain in stacks/company.ts to your own.`);
  }
  // Whoever has it could leave us statements.
  if (!isDocumented(account) && company.bankAccount !== undefined && isDocumented(company.bankAccount)) {
    throw new Error(
      `The bank's account ${company.bankAccount} is the example: set bankAccount in stacks/company.ts to its own, or to undefined.`,
    );
  }
}

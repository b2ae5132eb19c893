import { company } from "./company.ts";
import { physicalName } from "./naming.ts";

/**
 * QuickSight, which an account has once: whoever has signed up pays for people, by the month, and for nothing else. Its
 * people are those of IAM; which reports they see is a group of the stage (stacks/reports.ts). Removed, it takes all its
 * dashboards with it.
 */
export function createReporting({ awsAccount }: { readonly awsAccount: string }): void {
  new aws.quicksight.AccountSubscription(
    "Reporting",
    {
      // All companies on AWS share these names: the account number makes ours free.
      accountName: `${physicalName("Reports")}-${awsAccount}`,
      edition: "ENTERPRISE",
      authenticationMethod: "IAM_AND_QUICKSIGHT",
      notificationEmail: company.alarmAddress,
    },
    { retainOnDelete: true, protect: true },
  );
}

import { homeRegion, recoveryRegion } from "./constants.ts";
import { inRegion } from "./naming.ts";
import { type Operators, tell } from "./operators.ts";

/** AWS Backup's kinds of resources. AWS answers with all of them: what is left out would be a change each time. */
const optedIn: Readonly<Record<string, boolean>> = {
  Aurora: true,
  DynamoDB: true,
  S3: true,
  CloudFormation: false,
  DSQL: false,
  DocumentDB: false,
  EBS: false,
  EC2: false,
  EFS: false,
  FSx: false,
  Neptune: false,
  RDS: false,
  Redshift: false,
  "Redshift Serverless": false,
  "SAP HANA on Amazon EC2": false,
  "Storage Gateway": false,
  Timestream: false,
  VirtualMachine: false,
};

/** What AWS Backup has once per account: what it may back up, and whom it tells when it could not. */
export function createBackupWatch(operators: Operators): void {
  for (const region of [homeRegion, recoveryRegion]) {
    new aws.backup.RegionSettings(`BackupTypes${inRegion(region)}`, {
      region,
      resourceTypeOptInPreference: optedIn,
      // Tables' backups under the vault's own key, which is what lets a copy leave the account.
      resourceTypeManagementPreference: { CloudFormation: true, DSQL: true, DynamoDB: true, EFS: true },
    });
  }
  const ended = (kind: string, ...states: string[]) =>
    tell(operators, `${kind}Failed`, {
      source: ["aws.backup"],
      "detail-type": [`${kind} Job State Change`],
      detail: kind === "Restore" ? { status: states } : { state: states },
    });
  ended("Backup", "ABORTED", "EXPIRED", "FAILED", "PARTIAL");
  ended("Copy", "FAILED");
  ended("Restore", "ABORTED", "FAILED");
}

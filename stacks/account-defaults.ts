import { company } from "./company.ts";
import { usedRegions } from "./constants.ts";
import { inRegion, logicalName } from "./naming.ts";

/** Defaults of the account that hold even for what is made by hand. */
export function createAccountDefaults(): void {
  new aws.s3.AccountPublicAccessBlock("PublicAccess", {
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  for (const region of usedRegions) {
    new aws.ebs.EncryptionByDefault(`EbsEncryption${inRegion(region)}`, { enabled: true, region });
    new aws.ec2.InstanceMetadataDefaults(`InstanceMetadata${inRegion(region)}`, {
      // With a token, which a server-side request forgery cannot fetch; one hop, which a pod is too far away for.
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
      region,
    });
  }
  // There are no users (guard-policies.ts). Should one come to be, its password is worth something: PCI DSS 8.3.6.
  new aws.iam.AccountPasswordPolicy("Passwords", {
    minimumPasswordLength: 14,
    requireLowercaseCharacters: true,
    requireUppercaseCharacters: true,
    requireNumbers: true,
    requireSymbols: true,
    allowUsersToChangePassword: true,
    maxPasswordAge: 90,
    passwordReusePrevention: 24,
  });
  for (const alternateContactType of ["BILLING", "OPERATIONS", "SECURITY"]) {
    const { name, title, phone } = company.contact;
    new aws.account.AlternativeContact(`${logicalName(alternateContactType.toLowerCase())}Contact`, {
      alternateContactType,
      name,
      title,
      phoneNumber: phone,
      emailAddress: company.alarmAddress,
    });
  }
}

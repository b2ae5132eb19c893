/** The user pool did not answer, or refused us for now. No client of ours is linked; the same request may be sent again. */
export class UserPoolUnavailable extends Error {
  override readonly name = "UserPoolUnavailable";
}

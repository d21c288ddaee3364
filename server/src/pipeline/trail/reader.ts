/** Who looks, and what they may see. Pictures and object data are rights of their own: section access may hide them. */
export interface TrailReader {
  readonly name: string;
  readonly role: 'reader' | 'admin';
  /** Ids of apps; null: all, and what belongs to no app. */
  readonly apps: readonly string[] | null;
  readonly maySeePictures: boolean;
  readonly maySeeObjectData: boolean;
}

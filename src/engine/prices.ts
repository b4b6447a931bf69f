/**
 * What services ask for, by their public lists: of one class of storage in one region each. Whoever changes a price changes the date.
 *
 * Left out: free tiers, discounts for large amounts, what is stored for less than a minimum, taxes.
 */

/** US dollars. GB are 2^30 bytes, as the services count them. */
export interface Prices {
  /** What they are of: `Amazon S3 Standard in us-east-1`. */
  readonly of: string;
  /** The public page that has them. */
  readonly page: string;
  /** For a month. */
  readonly storedGb: number;
  /** For a thousand of what changes or lists: PUT, LIST; Google calls them class A. */
  readonly thousandChanges: number;
  /** For a thousand of what reads: GET, HEAD; class B. */
  readonly thousandReads: number;
  /** To the internet, the first step. Within the region it is free, and so is what comes in. DELETE is free too. */
  readonly sentOutGb: number;
}

/** When the lists were read. */
export const PRICES_AS_OF = '2025-12';

export const S3_PRICES: Prices = {
  of: 'Amazon S3 Standard in us-east-1',
  page: 'aws.amazon.com/s3/pricing',
  storedGb: 0.023,
  thousandChanges: 0.005,
  thousandReads: 0.0004,
  sentOutGb: 0.09,
};

export const GCS_PRICES: Prices = {
  of: 'Google Cloud Storage Standard in us-central1',
  page: 'cloud.google.com/storage/pricing',
  storedGb: 0.02,
  thousandChanges: 0.005,
  thousandReads: 0.0004,
  sentOutGb: 0.12,
};

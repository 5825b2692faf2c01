/** Phone numbers: read as people type them, mobile ones only. The only importer of libphonenumber-js. */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/mobile';

export type PhoneNumber = {
  /** E.164, such as +491701234567. */
  number: string;
  /** ISO 3166; undefined for numbers of no country, such as satellites. */
  country: string | undefined;
};

/**
 * A mobile number, or undefined.
 * @param home country of numbers without a country code; ISO 3166
 */
export function readMobileNumber(text: string, home: string | undefined): PhoneNumber | undefined {
  const country: CountryCode | undefined = home !== undefined && isSupportedCountry(home) ? home : undefined;
  // The metadata are those of mobile numbers: a landline is not valid by them.
  const parsed = parsePhoneNumberFromString(text, {
    extract: false,
    ...(country === undefined ? {} : { defaultCountry: country }),
  });
  return parsed?.isValid() && parsed.ext === undefined
    ? { number: parsed.number, country: parsed.country }
    : undefined;
}

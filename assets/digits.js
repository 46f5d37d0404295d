// How numbers are written: thousands apart, a power raised, a share in percent.
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",")
const superscript = (power) => String(power).replace(/[0-9-]/g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻")
const percentOf = (share) => share > 0 && share < 0.0005 ? "< 0.1\u00a0%" : `${(100 * share).toFixed(1)}\u00a0%`

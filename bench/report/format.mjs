const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

function scaled(value, steps) {
  const [size, unit] = steps.find(([limit]) => value >= limit) ?? steps.at(-1);
  return `${short.format(value / size)}${unit}`;
}

const perSecond = [
  [1e6, ' M/s'],
  [1e3, ' k/s'],
  [1, '/s'],
];
const bytes = [
  [2 ** 30, ' GiB'],
  [2 ** 20, ' MiB'],
  [2 ** 10, ' KiB'],
  [1, ' B'],
];

export function show(value, unit) {
  if (unit === 'per second') return scaled(value, perSecond);
  if (unit === 'bytes') return scaled(value, bytes);
  if (unit === 'ns') return `${whole.format(value)} ns`;
  return `${short.format(value)} ${unit}`;
}

export function times(ratio) {
  if (ratio < 0.1) return `${ratio.toPrecision(1)}×`;
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;
}

import { describe, expect, test } from 'vitest';
import { formatMarkdownTable, withSection } from '../../bench/results-page.ts';

describe('withSection', () => {
  const page = withSection(withSection('', 'kernels', 'fast\n'), 'attack', 'slow');

  test('keeps sections in the order of their names under one head', () => {
    expect(page).toMatch(/^# Results\n[\s\S]+\n\n## attack\n\nslow\n\n## kernels\n\nfast\n$/);
  });

  test('replaces its own section and no other', () => {
    expect(withSection(page, 'attack', 'quick')).toBe(page.replace('slow', 'quick'));
  });

  test('takes subheadings for text', () => {
    const text = 'a\n\n### part\n\nb';
    expect(withSection(page, 'kernels', text)).toBe(page.replace('fast', text));
  });
});

test('formatMarkdownTable rules the heads off and escapes what would end a cell', () => {
  expect(
    formatMarkdownTable([
      ['|x|', 'b'],
      ['  c', '1'],
    ]),
  ).toBe('| \\|x\\| | b |\n| --- | --: |\n| c | 1 |');
});

// What is wrong with the page as it is laid out now: a list of [kind, text]. It runs inside the page.
() => {
  const found = [];
  const numbers = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const name = (e) => e.tagName.toLowerCase() + (e.className && e.className.baseVal === undefined ? '.' + [...e.classList].join('.') : '');

  // Contrast by WCAG's formula, of every text against the colours painted behind it, the see-through ones mixed.
  const light = (c) => {
    const [r, g, b] = c.map((x) => ((x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((x, i) => a * x + (1 - a) * below[i]);
  const behind = new Map();
  const ground = (e) => {
    if (!e) return [255, 255, 255];
    if (!behind.has(e)) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      behind.set(e, colour[3] === 0 ? ground(e.parentElement) : over(colour, colour[3] === undefined ? colour : ground(e.parentElement)));
    }
    return behind.get(e);
  };
  const ratios = new Map();
  const ratio = (e) => {
    if (!ratios.has(e)) {
      const below = ground(e);
      const [a, b] = [light(over(numbers(getComputedStyle(e).color), below)), light(below)];
      ratios.set(e, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    return ratios.get(e);
  };
  let worst = [21, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim();
    const e = walk.currentNode.parentElement;
    if (!text || e.closest('script, style, noscript, svg, mjx-container, .headerlink, .skip-link, [disabled]')) continue;
    if (!e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (ratio(e) < worst[0]) worst = [ratio(e), `${name(e)} "${text.slice(0, 30)}"`];
  }
  if (worst[0] < 4.5) found.push(['contrast', `${worst[0].toFixed(2)} at ${worst[1]}`]);

  // A link within a sentence is told from it by more than its colour.
  for (const link of document.querySelectorAll('p a[href], li > a[href]')) {
    const around = [...link.parentElement.childNodes].some((n) => n.nodeType === 3 && n.data.trim().length > 3);
    const style = getComputedStyle(link);
    const marked = /underline/.test(style.textDecorationLine) || style.fontWeight !== getComputedStyle(link.parentElement).fontWeight;
    if (around && link.innerText.trim() && !marked) found.push(['link without a line', `"${link.innerText.trim().slice(0, 30)}"`]);
  }

  const beyond = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (beyond > 1) {
    const edge = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > edge + 1).pop();
    found.push(['wider than the window', `by ${beyond} px${wide ? ', such as ' + name(wide) : ''}`]);
  }

  // A table may be wider than its box only where the box scrolls, and shows it by a bar that takes room.
  for (const table of document.querySelectorAll('table')) {
    for (let e = table.parentElement; e && e !== document.body; e = e.parentElement) {
      if (e.scrollWidth <= e.clientWidth + 2 || !e.clientWidth) continue;
      const style = getComputedStyle(e);
      if (style.overflowX === 'visible') continue;
      const bar = e.offsetHeight - e.clientHeight - parseFloat(style.borderTopWidth) - parseFloat(style.borderBottomWidth);
      if (!/auto|scroll/.test(style.overflowX) || bar < 4) {
        found.push(['table cut', `${name(e)} "${table.innerText.trim().slice(0, 30).replace(/\s+/g, ' ')}"`]);
      }
      break;
    }
  }

  for (const image of document.querySelectorAll('img')) {
    const source = image.getAttribute('src').split('/').pop();
    if (!image.hasAttribute('alt') || (image.closest('main') && !image.alt.trim())) found.push(['image without text', source]);
    if (!image.naturalWidth) found.push(['image without content', source]);
  }
  return found;
}

/** The page's own script: the language, and the report as a file. All else needs none. */

const languages = ['en', 'zh-CN'];

function show(language) {
  document.documentElement.lang = language;
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
}

const inAddress = /^#(en|zh)$/.exec(location.hash)?.[1];
show(/^zh/i.test(inAddress ?? navigator.language) ? languages[1] : languages[0]);

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => show(button.dataset.language));
}
document.querySelector('.languages').hidden = false;

const download = document.getElementById('download');
const json = JSON.parse(document.getElementById('report').textContent);
download.download = 'report.json';
download.href = URL.createObjectURL(
  new Blob([`${JSON.stringify(json, null, 2)}\n`], { type: 'application/json' }),
);
download.hidden = false;

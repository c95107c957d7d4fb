-- report-figure.lua - a figure inside the page: gnuplot's SVG, its caption, its data.

local html = require "halfulp.report-html"
local escape = html.escape

local most_data_bytes = 60000

-- Values at points are the points' titles, which browsers show where the pointer rests. (gnuplot hands them to a script
-- of its own, which is not here; plots/style.gp has made titles of them unless there was no sed.)
local function with_titles(body)
  return (body:gsub("<g onmousemove=\"gnuplot_svg%.showHypertext%(evt,'([^\n]-)'%)\" onmouseout=\"gnuplot_svg%.hideHypertext%(%)\"><title>[^<]*</title>",
    function(text) return '<g class="p"><title>' .. text:gsub("<", "&lt;") .. "</title>" end))
end

-- gnuplot's SVG as part of the page, wide ones no smaller than can be read, on a phone, too: its ids get a prefix of their own, so that two pictures do not mix; what a
-- screen reader says of it stands in aria-label.
local function inline_svg(text, prefix, label)
  local head, body = text:match "<svg(.-)>(.*)</svg>"
  if not body then return nil end
  local box = head:match 'viewBox="([^"]+)"' or "0 0 420 300"
  local width = tonumber(box:match "^%S+%s+%S+%s+(%S+)") or 420
  body = body:gsub("<title>Gnuplot</title>", ""):gsub("<desc>.-</desc>", ""):gsub("<!%-%-.-%-%->", "")
  body = with_titles(body):gsub("<title>%s*</title>", "")
  body = body:gsub("(%s)id=([\"'])([^\"']+)", "%1id=%2" .. prefix .. "%3")
  body = body:gsub("url%((['\"]?)#", "url(%1#" .. prefix):gsub("href=([\"'])#", "href=%1#" .. prefix)
  local svg = ('<svg viewBox="%s" role="img" aria-label="%s" style="width:%dpx;min-width:%dpx" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>')
    :format(escape(box), escape(label), math.floor(width * 1.25), width > 480 and math.floor(width * 0.75) or 0, body)
  return ('<div class="picture" tabindex="0" role="region" aria-label="%s">%s</div>'):format(escape(label), svg)
end

---A figure of the run directory.
---@param figure table   {file=, caption=, title=, alt=}
---@param folder string  the run directory
---@param number integer which one of the page
---@param read function  path -> text or nil
return function(figure, folder, number, read)
  local name = figure.file
  local svg = read(folder .. "/plots/" .. name .. ".svg")
  local caption = figure.caption or figure.title or name
  local picture = svg and inline_svg(svg, ("f%d-"):format(number), figure.alt or caption)
  if not picture then
    return ('<p class="missing">The figure %s was not drawn: plots/%s.svg is missing.</p>'):format(escape(name), escape(name))
  end
  local data = read(folder .. "/plots/" .. name .. ".tsv")
  local shown = data and #data <= most_data_bytes and html.fold("Data of this figure", html.pre(data)) or ""
  return ("<figure id=\"figure-%d\">\n%s\n<figcaption><b>Figure %d.</b> %s <span class=\"file\">plots/%s.svg, .png, .gp, .tsv</span></figcaption>\n%s</figure>")
    :format(number, picture, number, escape(caption), escape(name), shown)
end

# Write mclust's data sets as CSV files without a header to a folder.
# Usage: Rscript datasets.R FOLDER
suppressMessages(library(mclust))
data(list = c(
  "acidity", "banknote", "chevron", "cross", "diabetes", "EuroUnemployment", "GvHD", "thyroid",
  "wdbc", "wreath"
))
sets <- list(
  faithful = faithful, iris = iris[, -5], acidity = acidity, diabetes = diabetes[, -1],
  thyroid = thyroid[, -1], banknote = banknote[, -1], wreath = wreath, chevron = chevron[, -1],
  cross = cross[, -1], EuroUnemployment = EuroUnemployment, GvHD = GvHD.control,
  wdbc = wdbc[, -(1:2)]
)
folder <- commandArgs(trailingOnly = TRUE)[1]
for (name in names(sets)) {
  path <- file.path(folder, paste0(name, ".csv"))
  write.table(sets[[name]], path, sep = ",", row.names = FALSE, col.names = FALSE)
}

# Fit mclust's default search to CSV files without a header: one line of output for each file,
#   file,model,n_components,bic,seconds
# with the BIC in scikit-learn's sign, where smaller is better.
# Usage: Rscript choices.R FILE...
suppressMessages(library(mclust))
for (path in commandArgs(trailingOnly = TRUE)) {
  X <- as.matrix(read.csv(path, header = FALSE))
  start <- proc.time()[["elapsed"]]
  fitted <- Mclust(X, G = 1:9, verbose = FALSE)
  seconds <- proc.time()[["elapsed"]] - start
  cat(basename(path), fitted$modelName, fitted$G, format(-fitted$bic, digits = 15), seconds, sep = ",")
  cat("\n")
}

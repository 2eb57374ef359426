// EM by mlpack: mlpack FOLDER N_SAMPLES N_FEATURES N_COMPONENTS N_ITER full float64
// Input, output and messages are those of armadillo.cpp.
#define MLPACK_CORE_HPT_HPT_HPP  // its tuner of hyper-parameters needs ensmallen, EM does not
#include <mlpack/core.hpp>
#include <mlpack/methods/gmm/gmm.hpp>

#include <chrono>
#include <fstream>
#include <iostream>
#include <string>

arma::mat read(const std::string& path, arma::uword n_rows, arma::uword n_cols) {
  arma::mat values(n_rows, n_cols);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.memptr()), sizeof(double) * values.n_elem);
  if (!file) throw std::runtime_error("cannot read " + path);
  return values;
}

template <typename Values>
void write(std::ofstream& file, const Values& values) {
  file.write(reinterpret_cast<const char*>(values.memptr()), sizeof(double) * values.n_elem);
}

void run(char** arguments) {
  const std::string folder = arguments[1];
  const arma::uword n_samples = std::stoul(arguments[2]), n_features = std::stoul(arguments[3]),
                    n_components = std::stoul(arguments[4]);
  const int n_iter = std::stoi(arguments[5]);
  const arma::mat X = read(folder + "/X", n_features, n_samples);
  const arma::mat means = read(folder + "/means", n_features, n_components);
  mlpack::GMM model(n_components, n_features);  // equal weights and identities
  for (arma::uword k = 0; k < n_components; ++k) model.Component(k).Mean() = means.col(k);
  // It stops when its counter, which starts at 1, reaches the largest number of iterations.
  // No change of the likelihood, not even none, is smaller than the tolerance.
  mlpack::EMFit<mlpack::KMeans<>, mlpack::NoConstraint> em(n_iter + 1, -1.0);
  const auto start = std::chrono::steady_clock::now();
  model.Train(X, 1, true, em);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::ofstream file(folder + "/result", std::ios::binary);
  write(file, model.Weights());
  for (arma::uword k = 0; k < n_components; ++k) write(file, model.Component(k).Mean());
  for (arma::uword k = 0; k < n_components; ++k) write(file, model.Component(k).Covariance());
  std::cout.precision(9);
  std::cout << n_iter << ' ' << seconds.count() << '\n';
}

int main(int n_arguments, char** arguments) {
  if (n_arguments == 1) {
    std::cout << arma::arma_version::as_string() << '\n';
    return 0;
  }
  try {
    run(arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

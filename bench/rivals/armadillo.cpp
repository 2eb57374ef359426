// EM by Armadillo: armadillo FOLDER N_SAMPLES N_FEATURES N_COMPONENTS N_ITER COVARIANCE DTYPE
// Reads FOLDER/X and FOLDER/means, starts from equal weights and identities, writes FOLDER/result,
// prints the number of iterations and the seconds of the fit. Without arguments it prints the
// version.
#include <armadillo>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

constexpr double var_floor = 1e-6;

template <typename T>
arma::Mat<T> read(const std::string& path, arma::uword n_rows, arma::uword n_cols) {
  arma::Mat<T> values(n_rows, n_cols);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.memptr()), sizeof(T) * values.n_elem);
  if (!file) throw std::runtime_error("cannot read " + path);
  return values;
}

template <typename Values>
void write(std::ofstream& file, const Values& values) {
  file.write(reinterpret_cast<const char*>(values.memptr()),
             sizeof(typename Values::elem_type) * values.n_elem);
}

int count(const std::string& text, const std::string& word) {
  int n = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

template <typename T, typename Model, typename Covariances>
void fit(Model& model, const arma::Mat<T>& X, const arma::Mat<T>& means,
         const Covariances& identity, int n_iter) {
  arma::Row<T> weights(means.n_cols);
  weights.fill(T(1) / T(means.n_cols));
  model.set_params(means, identity, weights);
  std::ostringstream log;  // the only place where the number of iterations can be seen
  arma::set_cout_stream(log);
  const auto start = std::chrono::steady_clock::now();
  int done = 0;
  while (done < n_iter) {  // it stops where the likelihood no longer changes
    if (!model.learn(X, means.n_cols, arma::eucl_dist, arma::keep_existing, 0, n_iter - done,
                     T(var_floor), true))
      throw std::runtime_error("EM failed");
    done = count(log.str(), "EM: iteration:");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout.precision(9);
  std::cout << done << ' ' << seconds.count() << '\n';
}

template <typename T>
void run(char** arguments) {
  const std::string folder = arguments[1], covariance_type = arguments[6];
  const arma::uword n_samples = std::stoul(arguments[2]), n_features = std::stoul(arguments[3]),
                    n_components = std::stoul(arguments[4]);
  const int n_iter = std::stoi(arguments[5]);
  // Rows here are columns there.
  const auto X = read<T>(folder + "/X", n_features, n_samples);
  const auto means = read<T>(folder + "/means", n_features, n_components);
  std::ofstream file(folder + "/result", std::ios::binary);
  if (covariance_type == "full") {
    arma::Cube<T> identity(n_features, n_features, n_components);
    identity.each_slice() = arma::Mat<T>(n_features, n_features, arma::fill::eye);
    arma::gmm_priv::gmm_full<T> model;
    fit(model, X, means, identity, n_iter);
    write(file, model.hefts), write(file, model.means), write(file, model.fcovs);
  } else {
    arma::Mat<T> identity(n_features, n_components, arma::fill::ones);
    arma::gmm_priv::gmm_diag<T> model;
    fit(model, X, means, identity, n_iter);
    write(file, model.hefts), write(file, model.means), write(file, model.dcovs);
  }
}

int main(int n_arguments, char** arguments) {
  if (n_arguments == 1) {
    std::cout << arma::arma_version::as_string() << '\n';
    return 0;
  }
  try {
    std::string(arguments[7]) == "float32" ? run<float>(arguments) : run<double>(arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

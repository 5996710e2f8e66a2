"""Test errors on scikit-learn's digits of scikit-learn's own classifiers, over twenty seeds -> digits_mlp.json.

Split: train_test_split(test_size=0.2, stratify=y, random_state=seed): 1437 for training, 360 for testing; the seed also makes the
weights and the order. Inputs are standardised with the training set's mean and (population) standard deviation; constant pixels are
only centred.
"""
import os
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")     # such small products only lose to threads
os.environ.setdefault("OMP_NUM_THREADS", "1")
from common import *
import time
import warnings
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, Y = load_digits(return_X_y=True)
SEEDS = range(20)
CLASSIFIERS = {
    "MLPClassifier, hidden (128, 64), relu": lambda seed: MLPClassifier(hidden_layer_sizes=(128, 64), random_state=seed),
    "MLPClassifier, hidden (128, 64), tanh": lambda seed: MLPClassifier(hidden_layer_sizes=(128, 64), activation="tanh", random_state=seed),
    "LogisticRegression": lambda seed: LogisticRegression(max_iter=1000),
    "SVC, rbf, C = 10": lambda seed: SVC(C=10),
}


def error(classifier, seed):
    """The share of the test part that is classified wrongly."""
    a, b, ya, yb = train_test_split(X, Y, test_size=0.2, stratify=Y, random_state=seed)
    scale = StandardScaler().fit(a)
    return 1 - classifier.fit(scale.transform(a), ya).score(scale.transform(b), yb)


def case(name, make):
    start = time.time()
    e = 100 * np.asarray([error(make(seed), seed) for seed in SEEDS])
    r = {"name": name, "mean_percent": round(float(e.mean()), 3), "se_percent": round(float(e.std(ddof=1)) / math.sqrt(len(e)), 3),
         "wrong_of_360": [round(3.6 * v) for v in e]}
    print(f"  {name:42s} {r['mean_percent']:.2f} ± {r['se_percent']:.2f} %  {(time.time() - start) / len(e):.1f} s each", flush=True)
    return r


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="sklearn")  # 'maximum iterations reached' is no surprise
    write("digits_mlp.json", {
        "about": "test error in per cent over seeds 0..19; se = standard deviation over seeds / sqrt(seeds)",
        "split": "stratified, 80/20 (1437/360), train_test_split(random_state=seed)",
        "scaling": "every pixel by its own training mean and deviation (0 -> 1)",
        "defaults": "all else as scikit-learn has it: Adam, rate 1e-3 constant, batches of 200, L2 1e-4, at most 200 epochs",
        "versions": versions("scikit-learn", "numpy")}, [case(n, m) for n, m in CLASSIFIERS.items()])

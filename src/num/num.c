#include "src/num/num.h"

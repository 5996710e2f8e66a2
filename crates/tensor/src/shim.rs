pub(crate) mod compile {
    #[derive(Debug)]
    pub(crate) struct Plan(pub ir::Program);
    pub(crate) fn compile(p: &ir::Program) -> Plan {
        Plan(p.clone())
    }
}
pub(crate) mod engine {
    use array::Array;
    pub(crate) fn run(p: &super::compile::Plan, x: Vec<Array>) -> ir::RuleResult<Vec<Array>> {
        p.0.eval(&x)
    }
    pub(crate) fn apply(p: &ir::Prim, x: &[&Array]) -> ir::RuleResult<Vec<Array>> {
        p.rules().eval(x)
    }
}

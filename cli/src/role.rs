//! As which function a task runs: on AWS that decides what it may do.

tokio::task_local! {
    static FUNCTION: &'static str;
}

/// The binary of the function that this task runs, such as `lead-list`; none outside of functions.
pub fn current() -> Option<&'static str> {
    FUNCTION.try_with(|function| *function).ok()
}

/// Runs something as the function of that binary.
pub async fn run<T>(function: &'static str, work: impl Future<Output = T>) -> T {
    FUNCTION.scope(function, work).await
}

//! Which functions there are.

use std::collections::BTreeSet;

use anyhow::ensure;

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{Behaviour, Subject};

contracts!(
    "lambda",
    [region, ministack],
    [
        pages_of_functions_lead_to_the_rest,
        a_function_tells_its_arn_and_its_version,
        a_function_that_does_not_exist_has_no_configuration,
    ]
);

async fn pages_of_functions_lead_to_the_rest(subject: &Subject) -> Outcome {
    let mut missing = BTreeSet::new();
    for _ in 0..3 {
        missing.insert(subject.function(Behaviour::Echo).await);
    }
    let mut marker = None;
    loop {
        let list = subject.lambda().list_functions().max_items(2);
        let page = accepted("a page", list.set_marker(marker).send().await)?;
        let functions = page.functions();
        ensure!(
            functions.len() <= 2,
            "a page has {} functions",
            functions.len()
        );
        for name in functions
            .iter()
            .filter_map(|function| function.function_name())
        {
            missing.remove(name);
        }
        marker = page.next_marker().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    same("functions on no page", &missing.len(), &0)
}

async fn a_function_tells_its_arn_and_its_version(subject: &Subject) -> Outcome {
    let name = subject.function(Behaviour::Echo).await;
    let get = subject.lambda().get_function_configuration();
    let answer = get.function_name(&name).send().await;
    let function = accepted("GetFunctionConfiguration", answer)?;
    same(
        "FunctionName",
        &function.function_name(),
        &Some(name.as_str()),
    )?;
    same("Version", &function.version(), &Some("$LATEST"))?;
    let arn = function.function_arn().unwrap_or_default();
    ensure!(
        arn.ends_with(&format!(":function:{name}")),
        "FunctionArn is {arn}"
    );
    Ok(())
}

async fn a_function_that_does_not_exist_has_no_configuration(subject: &Subject) -> Outcome {
    let get = subject.lambda().get_function_configuration();
    let answer = get.function_name(subject.name("nobody")).send().await;
    refused(
        "an unknown function",
        answer,
        "ResourceNotFoundException",
        404,
    )
}

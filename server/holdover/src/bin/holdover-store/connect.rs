//! The cloud's client for a place, with credentials from the environment and from the files of the cloud's own tools. Where there are
//! none, nobody is asked: services that give them to what runs in a cloud are asked only where the environment names them.

use crate::client::Client;
use crate::profile::{Profile, file, text};
use contract::{StoreAnswer, StoreKind, StorePlace, SyncTrouble};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use std::sync::Arc;
use std::time::Duration;

/// Connects: asks nobody yet.
pub(crate) fn connect(place: &StorePlace, client: Client) -> Result<Arc<dyn ObjectStore>, StoreAnswer> {
    match place.kind {
        StoreKind::S3 => s3(place, client),
        StoreKind::Gcs => gcs(place, client),
        StoreKind::Azure => azure(place, client),
    }
}

/// Short: what waits longer is tried again by whoever asked.
fn retry() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(3), base: 2. };
    RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_mins(1) }
}

fn s3(place: &StorePlace, client: Client) -> Result<Arc<dyn ObjectStore>, StoreAnswer> {
    let profile = Profile::read();
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&place.bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // One object at a time: not all stores know the other way.
        .with_config(AmazonS3ConfigKey::DisableBulkDelete, "true")
        .with_retry(retry())
        .with_http_connector(client);
    let is_anonymous = text("AWS_SKIP_SIGNATURE").is_some_and(|word| word == "true" || word == "1");
    let elsewhere = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_METADATA_ENDPOINT",
    ];
    if !is_anonymous && !elsewhere.into_iter().any(|name| text(name).is_some()) {
        let (Some(key), Some(secret)) = (&profile.key, &profile.secret) else {
            let hint = match profile.elsewhere {
                Some(way) => format!(
                    "this profile has its keys by {way}, which is not gone here: put them into the environment first, as `aws configure export-credentials --format env` writes them"
                ),
                None => {
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of ~/.aws/credentials"
                        .to_owned()
                }
            };
            return Err(none("S3", &hint));
        };
        builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        if let Some(token) = &profile.token {
            builder = builder.with_token(token);
        }
    }
    let has_region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().any(|name| text(name).is_some());
    if let Some(region) = place.region.clone().or_else(|| profile.region.clone().filter(|_| !has_region)) {
        builder = builder.with_region(region);
    }
    let in_environment = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].into_iter().find_map(text);
    let endpoint = place.endpoint.clone().or(in_environment).or(profile.endpoint);
    let is_virtual = place.virtual_host
        || (place.endpoint.is_none() && profile.virtual_host)
        || text("AWS_VIRTUAL_HOSTED_STYLE_REQUEST").is_some_and(|word| word == "true");
    builder = builder.with_virtual_hosted_style_request(is_virtual);
    if let Some(endpoint) = endpoint {
        let endpoint = match endpoint.split_once("://").filter(|_| is_virtual) {
            Some((scheme, host)) if !host.starts_with(&format!("{}.", place.bucket)) => {
                format!("{scheme}://{}.{host}", place.bucket)
            }
            _ => endpoint,
        };
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    built(builder.build().map(|store| Arc::new(store) as _))
}

fn gcs(place: &StorePlace, client: Client) -> Result<Arc<dyn ObjectStore>, StoreAnswer> {
    let named = [
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_BEARER_TOKEN",
    ];
    let own = file("GOOGLE_APPLICATION_CREDENTIALS", ".config/gcloud/application_default_credentials.json");
    if !named.into_iter().any(|name| text(name).is_some()) && !own.is_some_and(|file| file.is_file()) {
        return Err(none(
            "Google Cloud Storage",
            "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or run `gcloud auth application-default login`",
        ));
    }
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(&place.bucket)
        .with_retry(retry())
        .with_http_connector(client);
    if let Some(endpoint) = &place.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    built(builder.build().map(|store| Arc::new(store) as _))
}

fn azure(place: &StorePlace, client: Client) -> Result<Arc<dyn ObjectStore>, StoreAnswer> {
    let named = [
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_STORAGE_TOKEN",
        "AZURE_CLIENT_ID",
        "AZURE_STORAGE_CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_MSI_ENDPOINT",
        "AZURE_IDENTITY_ENDPOINT",
        "AZURE_USE_AZURE_CLI",
    ];
    let account =
        place.account.clone().or_else(|| text("AZURE_STORAGE_ACCOUNT")).or_else(|| text("AZURE_STORAGE_ACCOUNT_NAME"));
    let (Some(account), true) = (account, named.into_iter().any(|name| text(name).is_some())) else {
        return Err(none(
            "Azure Blob Storage",
            "set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
        ));
    };
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_account(account)
        .with_container_name(&place.bucket)
        .with_retry(retry())
        .with_http_connector(client);
    if let Some(endpoint) = &place.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    built(builder.build().map(|store| Arc::new(store) as _))
}

fn built(store: object_store::Result<Arc<dyn ObjectStore>>) -> Result<Arc<dyn ObjectStore>, StoreAnswer> {
    // What it complains of may repeat what is wrong, which may be a secret.
    store.map_err(|_| StoreAnswer::Failed {
        trouble: SyncTrouble::Auth,
        message: "the settings of this store in the environment, or its credentials, cannot be used".to_owned(),
        hint: "look at the variables that begin with AWS_, GOOGLE_ or AZURE_, and at the files that they name"
            .to_owned(),
        ends: true,
    })
}

fn none(whose: &str, hint: &str) -> StoreAnswer {
    StoreAnswer::Failed {
        trouble: SyncTrouble::Auth,
        message: format!("there are no credentials for {whose}"),
        hint: hint.to_owned(),
        ends: true,
    }
}

import type { SituationTexts } from './en.ts'

const goBack = 'Proqrama qayıdın və orada yenidən başlayın.'
const askAdministrator = 'Aşağıdakı istinad nömrəsini administratorunuza verin.'

/* A provider whose name is not known is not left out of its sentence. */
const signIn = 'Şirkətinizin giriş xidməti'
const signInThere = 'şirkətinizin giriş xidməti'

export const situations: SituationTexts = {
  'unknown-client': () => ({
    title: 'Bu proqram burada tanınmır',
    what: 'Sizi bura göndərən proqram bu şlüzdə qeydiyyatdan keçməyib və ya qeydiyyatı ləğv edilib.',
    next: 'Proqramda qoşulmanı silin və yenidən əlavə edin. Kömək etməsə, administratorunuza müraciət edin.',
  }),
  'client-not-allowed': ({ client }) => ({
    title: 'Bu proqramdan burada istifadə etmək olmaz',
    what: `Administratorlarınız bu şlüzdə «${client}» proqramına icazə verməyib.`,
    next: 'İcazə verilmiş proqramdan istifadə edin və ya administratorlarınızdan bu proqram üçün icazə istəyin.',
  }),
  'wrong-redirect': ({ client }) => ({
    title: 'Bu keçidə etibar etmək olmaz',
    what: `«${client}» cavabı qeydiyyata almadığı ünvana istədi. Cavab başqasının əlinə keçə bilərdi, ona görə göndərilmədi.`,
    next: 'Proqramın özündə yenidən başlayın. Sizi bura keçid gətiribsə, həmin keçiddən bir daha istifadə etməyin.',
  }),
  'faulty-request': () => ({
    title: 'Proqramın sorğusu yanlışdır',
    what: 'Sizi bura gətirən sorğu natamam və ya yanlışdır, ona görə heç nəyə icazə verilmədi.',
    next: `${goBack} Təkrarlansa, proqramı hazırlayanlar onu aşağıdakı təfərrüatlarla düzəldə bilər.`,
  }),
  'unreachable-client-document': ({ host }) => ({
    title: 'Proqramı yoxlamaq mümkün olmadı',
    what: `Proqramın təsviri ${host} saytındadır, lakin bu şlüz həmin sayta müraciət edə bilmir və ya buna icazəsi yoxdur.`,
    next: `Yalnız administrator kömək edə bilər. ${host} şirkətinizin daxilindədirsə, administrator onu siyasətdə, “clients: metadataHosts” altında göstərir. İnternetdədirsə, şlüzə oraya yol açır (məsələn, HTTPS_PROXY) və ya “clients: { metadataDocuments: off }” təyin edir ki, belə proqramlar əvəzində qeydiyyatdan keçsin.`,
  }),
  'untrusted-client-document': ({ host }) => ({
    title: 'Proqramı yoxlamaq mümkün olmadı',
    what: `Proqramın təsviri ${host} saytındadır, lakin həmin saytın sertifikatına burada etibar edilmir.`,
    next: 'Sertifikatı həmin saytın sahibləri düzəldə bilər. Şirkətinizin proksisi sertifikatları əvəz edirsə, administrator onun sertifikat mərkəzini NODE_EXTRA_CA_CERTS ilə əlavə edir.',
  }),
  'failing-client-document': ({ host }) => ({
    title: 'Proqramı yoxlamaq mümkün olmadı',
    what: `Proqramın təsviri ${host} saytındadır, lakin həmin sayt xəta ilə və ya çox gec cavab verir.`,
    next: 'Bir neçə dəqiqədən sonra yenidən cəhd edin. Davam etsə, onu saytın sahibləri düzəltməlidir.',
  }),
  'faulty-client-document': ({ host }) => ({
    title: 'Proqramı yoxlamaq mümkün olmadı',
    what: `Proqramın ${host} saytındakı təsviri yanlışdır, ona görə proqrama etibar edilmədi.`,
    next: 'Proqramı hazırlayanlar onu aşağıdakı təfərrüatlarla düzəldə bilər.',
  }),
  'client-documents-off': ({ host }) => ({
    title: 'Proqram burada qeydiyyatdan keçməlidir',
    what: `Proqramın təsviri ${host} saytındadır. Administratorlarınız qərar verib ki, bu şlüz belə təsvirləri yükləməsin.`,
    next: 'Proqramda qoşulmanı silin və yenidən əlavə edin: proqram burada özü qeydiyyatdan keçə bilər. Bu səhifə yenə açılsa, administratorunuzdan soruşun.',
  }),
  'unknown-resource': () => ({
    title: 'Burada belə xidmət yoxdur',
    what: 'Proqram bu şlüzdə olmayan ünvana giriş istədi.',
    next: 'Proqrama verdiyiniz ünvanı yoxlayın. Ünvan /mcp ilə bitir.',
  }),
  'sign-in-expired': () => ({
    title: 'Bu səhifənin vaxtı bitib',
    what: 'Giriş çox uzun çəkdi və ya başqa vərəqdə tamamlandı.',
    next: goBack,
  }),
  'other-browser': () => ({
    title: 'Bu giriş başqa yerdə başlayıb',
    what: 'Giriş başqa brauzerdə başlayıb və ya bu brauzerdə onun kukisi qalmayıb. Təhlükəsizliyiniz üçün giriş yalnız başladığı yerdə davam edir.',
    next: 'Başladığınız brauzerdə davam edin və ya proqramda yenidən başlayın.',
  }),
  'cookies-blocked': () => ({
    title: 'Bu brauzer kukiləri bloklayır',
    what: 'Daxil olmaq üçün bu saytın kukisi lazımdır, lakin brauzer onu geri göndərmədi.',
    next: 'Bu sayt üçün kukilərə icazə verin və yenidən cəhd edin. Gizli pəncərə də onları bloklaya bilər.',
  }),
  'network-changes': () => ({
    title: 'Giriş zamanı şəbəkəniz dəyişir',
    what: 'Bu şlüz girişi bir şəbəkəyə bağlayır, brauzeriniz isə hər addımda başqa şəbəkədən gəldi. Buna görə giriş başa çata bilmir.',
    next: 'Bir şəbəkə üzərindən, məsələn VPN olmadan, yenidən cəhd edin. Kömək etməsə, administratordan settings.binding haqqında soruşun.',
  }),
  'code-used': () => ({
    title: 'Bu addım artıq tamamlanıb',
    what: 'Səhifə iki dəfə yüklənib, hər giriş isə yalnız bir dəfə qəbul edilir.',
    next: 'Proqram qoşulubsa, bu pəncərəni bağlaya bilərsiniz. Əks halda, proqramda yenidən başlayın.',
  }),
  'stale-form': () => ({
    title: 'Bu səhifə köhnəlib',
    what: 'Forma iki dəfə və ya köhnə vərəqdən göndərilib. Heç nə dəyişmədi.',
    next: goBack,
  }),
  'too-many-attempts': ({ minutes }) => ({
    title: 'Həddən çox cəhd',
    what: 'Qısa müddətdə həddən çox cəhd edilib.',
    next: `${minutes} dəq. gözləyin, sonra yenidən cəhd edin.`,
  }),
  'sign-in-cancelled': ({ provider }) => ({
    title: 'Daxil olmadınız',
    what: `Giriş ${provider || signInThere} tərəfində ləğv və ya rədd edildi.`,
    next: 'Yenidən cəhd edin. Şirkətinizin provayderi Sizi rədd edirsə, administratorunuza müraciət edin.',
  }),
  'provider-down': ({ provider }) => ({
    title: 'Giriş xidməti cavab vermir',
    what: `${provider ? `Şirkətinizin giriş xidməti olan ${provider}` : signIn} əlçatan deyil.`,
    next: 'Bir neçə dəqiqədən sonra yenidən cəhd edin. Davam etsə, administratorunuza bildirin.',
  }),
  'provider-slow': ({ provider }) => ({
    title: 'Giriş çox uzun çəkir',
    what: `${provider ? `Şirkətinizin giriş xidməti olan ${provider}` : signIn} vaxtında cavab vermədi.`,
    next: 'Yenidən cəhd edin. Davam etsə, administratorunuza bildirin.',
  }),
  'faulty-provider': ({ provider }) => ({
    title: 'Girişi yoxlamaq mümkün olmadı',
    what: `${provider ? `${provider} xidmətinin` : `${signIn}nin`} cavabı yoxlamadan keçmədi, ona görə ona etibar edilmədi.`,
    next: `Yenidən cəhd edin. Təkrarlansa: ${askAdministrator}`,
  }),
  'unknown-provider-key': ({ provider }) => ({
    title: 'Girişi yoxlamaq mümkün olmadı',
    what: `${provider || signIn} cavabını dərc etmədiyi açarla imzalayıb. Ola bilsin, açarlarını dəyişir.`,
    next: `Bir dəqiqədən sonra yenidən cəhd edin. Davam etsə: ${askAdministrator}`,
  }),
  'clock-off': ({ provider, minutes }) => ({
    title: 'Saatlar fərqlənir',
    what: `${provider || signIn} ilə bu şlüzün saatları ${minutes === undefined ? '' : `təxminən ${minutes} dəq. `}fərqlənir, ona görə giriş çox köhnə və ya çox yeni görünür.`,
    next: 'Saatları yalnız administrator düzəldə bilər. Aşağıdakı istinad nömrəsini administratorunuza verin.',
  }),
  'provider-refused': ({ provider }) => ({
    title: 'Giriş düzgün qurulmayıb',
    what: `${provider || signIn} bu şlüzü rədd etdi. Şlüzün oradakı qeydiyyatı yanlışdır və ya vaxtı bitib.`,
    next: askAdministrator,
  }),
  'unknown-provider': () => ({
    title: 'Burada belə giriş üsulu yoxdur',
    what: 'Seçilmiş giriş üsulu bu şlüzdə qurulmayıb və ya artıq yoxdur.',
    next: goBack,
  }),
  'no-provider': () => ({
    title: 'Hələ heç kim daxil ola bilməz',
    what: 'Bu şlüzdə heç bir giriş provayderi qurulmayıb.',
    next: 'Administrator onu siyasət faylında, “providers” bölməsində göstərir.',
  }),
  'missing-claims': ({ provider }) => ({
    title: 'Giriş Sizin kim olduğunuzu bildirmir',
    what: `${provider ? `${provider} xidmətinin` : `${signIn}nin`} cavabında buradakı adınızın yaradılması üçün lazım olan məlumat yoxdur.`,
    next: `${askAdministrator} Administrator provayderin göndərdiyini və ya onun oxunma qaydasını dəyişə bilər.`,
  }),
  'handle-taken': ({ handle }) => ({
    title: 'Buradakı adınız başqasına məxsusdur',
    what: `Burada adınız «${handle}» olmalı idi, lakin bu ad artıq başqa şəxsindir. Ad heç vaxt başqasına keçmir, ona görə daxil ola bilmədiniz.`,
    next: `${askAdministrator} Administrator Sizə başqa ad verə bilər.`,
  }),
  'account-disabled': () => ({
    title: 'Girişiniz bağlanıb',
    what: 'Bu şlüzdəki hesabınız deaktiv edilib.',
    next: 'Bunun səhv olduğunu düşünürsünüzsə, administratorunuza müraciət edin.',
  }),
  'access-refused': () => ({
    title: 'Buna icazəniz yoxdur',
    what: 'Daxil olmusunuz, lakin administratorlarınız Sizə buna icazə verməyib.',
    next: 'Administratorunuzdan icazə istəyin və ya başqa şəxs kimi daxil olun.',
  }),
  'foreign-form': () => ({
    title: 'Bu forma buradan göndərilməyib',
    what: 'Brauzerə görə formanı başqa sayt göndərib, ona görə forma rədd edildi. Heç nə dəyişmədi.',
    next: 'Səhifəni burada yenidən açın. Bunu etmisinizsə, brauzerin genişlənməsi formaların haradan göndərildiyini gizlədə bilər.',
  }),
  'page-not-found': () => ({
    title: 'Burada heç nə yoxdur',
    what: 'Bu ünvanda səhifə yoxdur.',
    next: 'Ünvanı yoxlayın və ya proqramda yenidən başlayın.',
  }),
  'try-later': () => ({
    title: 'Bir azdan yenidən cəhd edin',
    what: 'Şlüz hazırda cavab verə bilmir. Heç nə dəyişmədi.',
    next: 'Bir neçə saniyədən sonra yenidən cəhd edin.',
  }),
  'server-error': () => ({
    title: 'Burada xəta baş verdi',
    what: 'Şlüz səhv etdi. Bu, qeydə alınıb.',
    next: 'Yenidən cəhd edin. Təkrarlansa, nə vaxt nə etdiyinizi administratorunuza bildirin.',
  }),
}
